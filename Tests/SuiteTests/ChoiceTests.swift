import Suite
import Testing

@Suite("Choosing among fragments") struct ChoiceTests {
  static let kvm = "teuthology:\n  premerge: |\n    reject no /dev/kvm\nmachine: {accel: kvm}"
  static let tree = [
    ("net/10-tap.yaml", "net: tap"), ("accel/20-tcg.yaml", "machine: {accel: tcg}"), ("accel/10-kvm.yaml", kvm),
    ("00-defaults.yaml", "machine: {memory: 4G}"),
  ]

  @Test func theFirstAcceptedAlternativeOfEachFacetWins() throws {
    let choice = try chosen(Self.tree)
    #expect(choice.yaml["machine"]?.json() == #"{"memory":"4G","accel":"tcg"}"#)
    #expect(choice.used == ["/f/00-defaults.yaml", "/f/accel/20-tcg.yaml", "/f/net/10-tap.yaml"])
    #expect(choice.facets.map(\.facet) == ["accel", "net"])
    #expect(choice["accel"]?.chosen.name == "tcg")
    #expect(choice["net"]?.rejected.isEmpty == true)
    #expect(choice["disk"] == nil)
    #expect(choice.yaml["teuthology"]?["fragments_dropped"] == ["/f/accel/10-kvm.yaml"])
  }

  @Test func theChoiceExplainsItself() throws {
    #expect(
      try chosen(Self.tree).explanation == """
        accel: tcg from /f/accel/20-tcg.yaml
          not kvm: no /dev/kvm (/f/accel/10-kvm.yaml:3)
        net: tap from /f/net/10-tap.yaml
        """)
  }

  @Test func withoutAReasonTheLineExplains() throws {
    let choice = try chosen([
      ("a/1-x.yaml", "teuthology:\n  premerge: |\n    reject\n"), ("a/2-y.yaml", "teuthology: {premerge: 'false'}"),
      ("a/3-z.yaml", "# nothing at all"),
    ])
    #expect(choice["a"]?.chosen.name == "z")
    #expect(
      choice["a"]?.rejected.map(\.description) == [
        "x: reject (/f/a/1-x.yaml:3)", "y: its premerge script rejects it (/f/a/2-y.yaml)",
      ])
  }

  @Test func alternativesAfterTheChosenOneAreNotRun() throws {
    let scripts = FakeScripts()
    let all = try fragments([
      ("a/1.yaml", "teuthology: {premerge: one}"), ("a/2.yaml", "teuthology: {premerge: fail}"),
    ])
    let choice = try choose(fragments: all, base: nil, scripts: scripts)
    #expect(choice["a"]?.chosen.name == "1")
    #expect(scripts.premerges == ["one"])
  }

  @Test(arguments: ["tcg", "20-tcg", "20-tcg.yaml"])
  func aForcedAlternativeIsTheOnlyOneTried(name: String) throws {
    let choice = try chosen(Self.tree, forced: ["accel": name])
    #expect(choice["accel"]?.chosen.name == "tcg")
    #expect(choice["accel"]?.isForced == true)
    #expect(choice["accel"]?.rejected.isEmpty == true)
    #expect(choice.explanation.hasPrefix("accel: tcg (as asked) from"))
  }

  @Test func aForcedAlternativeThatIsRejectedIsAnError() throws {
    #expect(
      try failure(Self.tree, forced: ["accel": "kvm"])
        == "'accel' cannot be what was asked for: kvm: no /dev/kvm (/f/accel/10-kvm.yaml:3)")
  }

  @Test func unknownNamesListWhatThereIs() throws {
    #expect(try failure(Self.tree, forced: ["acel": "kvm"]) == "there is no choice of 'acel'; there are: accel, net")
    #expect(
      try failure(Self.tree, forced: ["accel": "xen"]) == "'accel' has no alternative 'xen'; there are: kvm, tcg")
  }

  @Test func whenNoAlternativeIsLeftTheErrorListsThemAll() throws {
    let tree = [("accel/10-kvm.yaml", Self.kvm), ("accel/20-xen.yaml", "teuthology: {premerge: reject no xen}")]
    #expect(
      try failure(tree) == """
        no alternative for 'accel' is left:
          kvm: no /dev/kvm (/f/accel/10-kvm.yaml:3)
          xen: no xen (/f/accel/20-xen.yaml:1)
        """)
  }

  @Test func aLaterFragmentOfTheSameNameOverrides() throws {
    let ours = try Fragment(path: "/ours/net/10-tap.yaml", name: "net/10-tap.yaml", text: "net: tap")
    let team = try Fragment(path: "/team/net/10-tap.yaml", name: "net/10-tap.yaml", text: "net: bridge")
    let scripts = FakeScripts()
    let choice = try choose(fragments: [ours, team], base: nil, scripts: scripts)
    #expect(choice.yaml["net"] == "bridge")
    #expect(choice["net"]?.chosen.path == "/team/net/10-tap.yaml")
  }

  @Test func laterFacetsSeeEarlierChoices() throws {
    let choice = try chosen(
      [("a/1.yaml", "x: 1"), ("b/1.yaml", "teuthology: {premerge: unless x}\ny: 1"), ("b/2.yaml", "y: 2")],
      scripts: ["unless x": { context in context.heap.value(context.yaml, for: "x") == nil }])
    #expect(choice.yaml["y"] == 2)
  }

  @Test func aPostmergeRejectionAndAClashAreErrors() throws {
    #expect(
      try failure([("a/1-x.yaml", "teuthology: {postmerge: [reject too slow]}")])
        == "the choice is rejected by /f/a/1-x.yaml:1: too slow\n  a: x")
    #expect(
      try failure([("a.yaml", "x: [1]"), ("b.yaml", "x: 1")])
        == "/f/b.yaml: x: cannot merge integer into sequence")
  }

  @Test func orderIsByPathSegments() throws {
    let names = ["a.yaml", "a/x.yaml", "B.yaml", "_c.yaml", "10.yaml", "9.yaml"]
    let sorted = names.map { Fragment(path: $0, value: nil) }.sorted { $0.precedes($1) }.map(\.name)
    #expect(sorted == ["10.yaml", "9.yaml", "B.yaml", "_c.yaml", "a/x.yaml", "a.yaml"])
  }

  private func chosen(
    _ texts: [(String, String)], forced: [String: String] = [:], scripts actions: [String: FakeScripts.Action] = [:]
  ) throws -> Choice {
    let scripts = FakeScripts(actions)
    return try choose(fragments: fragments(texts), base: nil, scripts: scripts, forced: forced)
  }

  private func failure(_ texts: [(String, String)], forced: [String: String] = [:]) throws -> String? {
    #expect(throws: ChoiceError.self) { try chosen(texts, forced: forced) }?.description
  }
}
