import ArgumentParser
import Suite

/// Which jobs are wanted, by their descriptions.
struct FilterOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Jobs whose description has one of these texts; separated by commas.", valueName: "a,b"))
  var filter = ""
  @Option(help: ArgumentHelp("Jobs whose description has none of these texts.", valueName: "a,b"))
  var filterOut = ""
  @Option(help: ArgumentHelp("Jobs whose description has all of these texts.", valueName: "a,b"))
  var filterAll = ""

  /// - Parameter looksAtFragments: Look for the texts in the paths of fragments, too.
  func filters(looksAtFragments: Bool) -> PlanFilters {
    var filters = PlanFilters()
    filters.any = PlanFilters.list(filter)
    filters.none = PlanFilters.list(filterOut)
    filters.all = PlanFilters.list(filterAll)
    filters.looksAtFragments = looksAtFragments
    return filters
  }
}
