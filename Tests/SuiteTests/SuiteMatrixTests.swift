import Suite
import Testing

@Suite("The matrix of a suite") struct SuiteMatrixTests {
  @Test func aFolderIsTheSumOfItsEntries() throws {
    let tree = try SuiteTree(names: ["b.yaml", "a/x.yaml", "a/y.yaml", "B.yaml", "10.yaml", "9.yaml"])
    // Interleaved, and sorted by code points.
    #expect(try tree.descriptions() == ["10", "9", "B", "a/x", "b", "a/y"])
  }

  @Test func onlyVisibleYAMLFilesAndEnabledFoldersCount() throws {
    let tree = try SuiteTree(
      names: ["a.yaml", "README", ".b.yaml", "c.yml", "off.disable/d.yaml", "empty/", ".e/f.yaml"],
      links: ["g.yaml": "README", "h": "a.yaml", ".broken": "nowhere"])
    #expect(try tree.descriptions() == ["a", "g"])
  }

  @Test func aPercentMakesAProduct() throws {
    let tree = try SuiteTree(names: ["%", "a/1.yaml", "a/2.yaml", "b/x.yaml", "b/y.yaml", "b/z.yaml", "c.yaml"])
    #expect(
      try tree.descriptions() == [
        "{a/1 b/x c}", "{a/2 b/y c}", "{a/1 b/z c}", "{a/2 b/x c}", "{a/1 b/y c}", "{a/2 b/z c}",
      ])
  }

  @Test func sizesWithACommonDivisorStillMeetAllPairs() throws {
    let tree = try SuiteTree(names: ["%", "a/1.yaml", "a/2.yaml", "b/x.yaml", "b/y.yaml"])
    #expect(try tree.descriptions() == ["{a/1 b/x}", "{a/2 b/y}", "{a/2 b/x}", "{a/1 b/y}"])
  }

  @Test func aPlusPutsAllIntoOneJob() throws {
    let tree = try SuiteTree(names: ["+", "a.yaml", "b/x.yaml", "b/y.yaml"])
    let jobs = try tree.jobs()
    #expect(jobs.map { $0.description(suite: "s") } == ["s/{a b/x b/y}"])
    #expect(jobs.map(\.fragments) == [[0, 1, 2]])
    #expect(try SuiteTree(names: ["+"]).descriptions() == ["{}"])
  }

  @Test func aDollarPicksAnewForEachJob() throws {
    let tree = try SuiteTree(
      names: ["%", "d$/a.yaml", "d$/b.yaml", "d$/c.yaml", "t/1.yaml", "t/2.yaml", "t/3.yaml", "t/4.yaml"])
    #expect(try tree.descriptions(seed: 1) == ["{d$/{a} t/1}", "{d$/{c} t/2}", "{d$/{a} t/3}", "{d$/{b} t/4}"])
    #expect(try tree.descriptions(seed: 2) == ["{d$/{a} t/1}", "{d$/{a} t/2}", "{d$/{a} t/3}", "{d$/{b} t/4}"])
  }

  @Test func aDollarIsAFileOrTheEndOfTheName() throws {
    let tree = try SuiteTree(names: ["x/$", "x/a.yaml"], links: ["y$": "x", "z": "y$"])
    #expect(try tree.descriptions() == ["x/{a}", "y$/{a}", "z/{a}"])
  }

  @Test func marksHaveAnOrderOfRank() throws {
    #expect(try SuiteTree(names: ["+", "$", "%", "a.yaml", "b.yaml"]).descriptions() == ["{a b}"])
    #expect(try SuiteTree(names: ["$", "%", "a.yaml"]).descriptions() == ["{a}"])
  }

  @Test func aNumberLeavesASliceThatIsDrawn() throws {
    let tree = try SuiteTree(["%": " 2\n", "a/1.yaml": "", "a/2.yaml": "", "b/x.yaml": "", "b/y.yaml": ""])
    #expect(try tree.descriptions(seed: 1) == ["{a/1 b/x}", "{a/2 b/y}"])
    #expect(try tree.descriptions(seed: 2) == ["{a/1 b/x}", "{a/2 b/y}"])
    #expect(try tree.descriptions(seed: 0) == ["{a/2 b/x}", "{a/1 b/y}"])
    #expect(try tree.descriptions(nestedSubsets: false).count == 4)
  }

  @Test func aSubsetStillHasEachChoice() throws {
    let tree = try SuiteTree(
      names: ["p/%", "p/a/1.yaml", "p/a/2.yaml", "p/b/x.yaml", "p/b/y.yaml", "p/b/z.yaml", "single.yaml"])
    // Six combinations make no two good samples, so they are gone through more than once.
    let half = [
      "p/{a/1 b/x}", "single", "p/{a/2 b/y}", "p/{a/1 b/z}", "p/{a/2 b/x}", "p/{a/1 b/y}", "p/{a/2 b/z}",
    ]
    #expect(try tree.descriptions(subset: "0/2") == half)
    #expect(try tree.descriptions(subset: "1/2") == half)
  }

  @Test func fragmentsAreSortedBySegments() throws {
    let tree = try SuiteTree(names: ["%", "a.yaml", "a/x.yaml", "a-b.yaml"])
    let matrix = try SuiteMatrix(folder: tree.folder)
    var jobs = matrix.jobs()
    let job = try #require(try jobs.next())
    #expect(matrix.paths(of: job) == ["a/x.yaml", "a-b.yaml", "a.yaml"].map { "\(tree.folder)/\($0)" })
    #expect(job.description() == "{a-b a a/x}")
  }

  @Test func yamlGoesFromAnywhereInADescription() throws {
    #expect(try SuiteTree(names: ["x.yaml.d/a.yaml.yaml"]).descriptions() == ["x.d/a"])
  }

  @Test func aFileAloneIsASuite() throws {
    let job = try #require(try SuiteTree(names: ["a.yaml"]).jobs("a.yaml").first)
    #expect(job.description(suite: "s:a") == "s:a")
  }

  @Test func whatIsTwiceInAPlusCountsOnce() throws {
    // The subset repeats the product inside.
    let tree = try SuiteTree(names: ["c/+", "c/p/%", "c/p/a.yaml", "c/p/b/x.yaml"])
    let jobs = try tree.jobs(subset: "0/2")
    #expect(jobs.map { $0.description() } == ["c/{p/{a b/x}}"])
    #expect(jobs.map(\.fragments) == [[0, 1]])
  }

  @Test func millionsOfJobsCostNothingBeforeTheyAreAskedFor() throws {
    var names = ["%"]
    for facet in "abcdefghijkl" { for choice in 0..<30 { names.append("\(facet)/\(choice).yaml") } }
    let tree = try SuiteTree(names: names)
    let matrix = try SuiteMatrix(folder: tree.folder)
    #expect(matrix.count == 531_441_000_000_000_000)
    let slice = try #require(MatrixSubset("90000000000/100000000000"))
    let part = try SuiteMatrix(folder: tree.folder, subset: slice)
    #expect(part.count == 5_314_410)
    var jobs = part.jobs()
    #expect(try jobs.next()?.fragments.count == 12)
  }
}

@Suite("What makes no matrix") struct MatrixErrorTests {
  @Test func foldersInWhichNothingCounts() throws {
    #expect(try SuiteTree(names: ["a/README"]).error()?.hasPrefix("TREE/a: a folder in which nothing counts") == true)
    let product = try SuiteTree(names: ["p/%", "p/README"])
    #expect(product.error()?.hasPrefix("TREE/p: a folder with % in which nothing counts") == true)
    #expect(try SuiteTree(names: ["a/$", "a/README"]).error()?.hasPrefix("TREE/a: a folder with $") == true)
    #expect(try SuiteTree(names: ["x.disable/a.yaml"]).error("x.disable")?.contains("is no suite") == true)
    #expect(try SuiteTree(names: ["a/README", "b.yaml"]).descriptions(rules: .corrected) == ["b"])
  }

  @Test(arguments: ["0", "\n", "-1", "x", "1.5", "2 2", "1__0", "99999999999999999999"])
  func aPercentWithAnythingButANumber(_ text: String) throws {
    let tree = try SuiteTree(["%": text, "a.yaml": ""])
    #expect(tree.error() == "TREE/%: must be empty or have a number from 1 on, not '\(text)'")
    #expect(try tree.descriptions(nestedSubsets: false) == ["{a}"])
  }

  @Test func linksThatLeadNowhereOrBackUp() throws {
    let broken = try SuiteTree(names: ["a.yaml"], links: ["b.yaml": "nowhere"])
    #expect(broken.error() == "TREE/b.yaml: does not exist; is it a broken link?")
    let loop = try SuiteTree(names: ["a/b.yaml"], links: ["a/up": ".."])
    #expect(loop.error() == "TREE/a/up: leads back up to TREE")
    #expect(try SuiteTree(names: []).error("none") == "TREE/none: does not exist")
  }

  @Test func aSliceOfNothingInsideOfSomething() throws {
    let inner = try SuiteTree(["p/%": "3", "p/a.yaml": ""])
    #expect(inner.error() == "TREE: has a part of which no job is left: a % with a number larger than its product")
    // Alone it is a suite without jobs.
    #expect(try inner.descriptions("p") == [])
  }

  /// teuthology fails for one seed and not for the other.
  @Test func aNumberedProductThatIsTheLargestFacet() throws {
    let tree = try SuiteTree([
      "%": "", "a/1.yaml": "", "a/2.yaml": "", "p/%": "2", "p/x/1.yaml": "", "p/x/2.yaml": "", "p/x/3.yaml": "",
      "p/y/1.yaml": "", "p/y/2.yaml": "",
    ])
    let outcomes = (0..<12).map { seed in
      (try? tree.jobs(seed: PythonSeed(seed))) != nil
    }
    #expect(Set(outcomes) == [true, false])
    let failing = try #require(outcomes.firstIndex(of: false))
    #expect(tree.error(seed: PythonSeed(failing))?.hasPrefix("TREE/p: asked for index 3 of 3") == true)
    #expect(try tree.descriptions(seed: PythonSeed(failing), rules: .corrected).count == 6)
  }

  @Test func moreCombinationsThanAnIntCounts() throws {
    var names = ["%"]
    for facet in 0..<64 { names += ["\(facet)/a.yaml", "\(facet)/b.yaml"] }
    #expect(try SuiteTree(names: names).error() == "TREE: more than \(Int.max) combinations")
  }

  @Test func subsetsAreASliceOfAWhole() {
    #expect(MatrixSubset("3/10")?.index == 3)
    #expect(MatrixSubset("1/1")?.count == 1)
    for text in ["10/10", "-1/2", "0/0", "1", "1/2/3", "a/b", "/2"] { #expect(MatrixSubset(text) == nil, "\(text)") }
  }

  @Test func correctedSlicesShareAllJobs() throws {
    let tree = try SuiteTree(names: ["a", "b", "c"].map { "\($0).yaml" })
    let slices = try (0..<2).flatMap { try tree.descriptions(subset: "\($0)/2", rules: .corrected) }
    #expect(slices == ["a", "b", "c", "a", "b", "c"])
  }
}

@Suite("The name of a suite") struct SuiteNameTests {
  @Test func isWhatFollowsSuites() {
    #expect(SuiteName.name(of: "/src/qa/suites/fs/workload") == "fs:workload")
    #expect(SuiteName.name(of: "/src/qa/suites/fs/suites/x") == "fs:suites:x")
    #expect(SuiteName.name(of: "/src/qa/fs") == nil)
    #expect(SuiteName.name(of: "/src/qa/suites") == nil)
  }

  @Test func aNameThatBeginsWithAnAccentKeepsIt() throws {
    let tree = try SuiteTree(names: ["\u{301}a/b.yaml"])
    let matrix = try SuiteMatrix(folder: tree.folder)
    #expect(matrix.relativeFiles == ["\u{301}a/b.yaml"])
  }
}
