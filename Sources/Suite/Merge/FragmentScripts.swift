/// Runs the scripts of fragments. The merge decides what runs and when; an evaluator decides what a script can do.
///
/// Scripts call `reject()` and `accept()`. As an extension to teuthology, `reject` takes an optional text,
/// `reject("no /dev/kvm")`, which an evaluator passes on by `MergeContext.reject(line:reason:)` before it returns false.
public protocol FragmentScripts {
  /// Runs the script of a fragment that is about to be merged. The context's `yamlFragment` is that fragment, already
  /// without the script.
  /// - Parameters:
  ///   - script: the text of `teuthology.premerge`; never empty.
  ///   - context: what the script sees; what it changes there stays changed.
  /// - Returns: false to drop the fragment.
  /// - Throws: `MergeError.script` when the script fails.
  mutating func premerge(_ script: String, context: inout MergeContext) throws(MergeError) -> Bool

  /// Runs all `teuthology.postmerge` scripts, joined by line breaks to one, when every fragment is merged. It is called
  /// with an empty text too, as teuthology's filters run there.
  /// - Parameters:
  ///   - script: the joined text.
  ///   - context: what the script sees; what it changes there stays changed.
  /// - Returns: false to reject the whole configuration.
  /// - Throws: `MergeError.script` when the script fails.
  mutating func postmerge(_ script: String, context: inout MergeContext) throws(MergeError) -> Bool
}

/// What the scripts of one merge see and change.
///
/// These are values: a script that stores `base_config.kernel` under `yaml.kernel` stores a copy. In teuthology both
/// would be one Python object from then on, and changing one changes the other, for later configurations too. An
/// evaluator that must be faithful to that can keep the objects on its side between calls, and write back here.
public struct MergeContext: Sendable {
  /// What is merged so far (`yaml`).
  public var yaml: YAMLValue
  /// The fragment about to be merged (`yaml_fragment`); nil in postmerge.
  public var yamlFragment: YAMLValue?
  /// The configuration that the merge began with (`base_config`). Changes last until the end of the merge.
  public var baseConfig: YAMLValue
  /// The path of the fragment about to be merged; nil in postmerge.
  public internal(set) var fragmentPath: String?
  /// The paths of all fragments, dropped ones too (`frag_paths`).
  public let fragmentPaths: [String]
  /// The name of the configuration (`description`).
  public let description: String?
  /// The name of the suite (`suite_name`).
  public let suiteName: String?
  /// Further globals, by name.
  public let globals: [String: YAMLValue]

  var note: (line: Int?, reason: String?)?

  /// The paths as `base_frag_paths` has them: what follows `/suites/`, or all when it has no such part.
  public var baseFragmentPaths: [String] {
    fragmentPaths.map { path in
      let mark = Array("/suites/".utf8)
      let bytes = Array(path.utf8)
      guard bytes.count > mark.count else { return path }
      // Python's find() must be above 0: a path that begins with the mark stays whole.
      guard let start = (1...bytes.count - mark.count).first(where: { bytes[$0...].starts(with: mark) }) else {
        return path
      }
      return String(decoding: bytes[(start + mark.count)...], as: UTF8.self)
    }
  }

  /// Says where and why a script rejects. It counts only if the evaluator then returns false.
  /// - Parameters:
  ///   - line: the line of the script that called `reject`, counted from 1.
  ///   - reason: the text that `reject` was given.
  public mutating func reject(line: Int?, reason: String? = nil) {
    note = (line, reason)
  }
}
