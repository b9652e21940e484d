#include "CStdlib.h"
