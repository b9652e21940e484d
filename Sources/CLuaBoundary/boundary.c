#include "CLuaBoundary.h"
