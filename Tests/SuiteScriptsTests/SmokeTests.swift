import Suite
import SuiteScripts
import Testing
