import ArgumentParser
import Glibc
import Host
import Modules

/// Shell completion. ArgumentParser knows kdevlua's own commands; what follows `run` is asked of the program.
enum Completion {
  /// Prints a line for each word that may stand in the place of the last one, with its help behind a tab, and `:files` or
  /// `:folders` where the shell shall complete paths. Whatever goes wrong, nothing is printed.
  static func perform(_ words: [String]) -> Never {
    // A shell that waits is worse than one that knows nothing.
    alarm(2)
    if let host = try? LocalHost(options: .init(environment: Session.environment), observer: SilentObserver()) {
      let completion = ScriptCompletion(words, host: host, stdlib: Stdlib(environment: host.options.environment))
      var lines = completion.candidates.map { $0.help.isEmpty ? $0.text : "\($0.text)\t\($0.help)" }
      switch completion.paths {
      case .files: lines.append(":files")
      case .folders: lines.append(":folders")
      case nil: break
      }
      Session.write(lines.map { $0 + "\n" }.joined(), to: STDOUT_FILENO)
    }
    exit(0)
  }

  /// The completion script of a shell: ArgumentParser's, with a function before it for what follows `run`.
  /// - Returns: nil for a shell that it does not know.
  static func script(for shell: String) -> String? {
    guard let known = CompletionShell(rawValue: shell) else { return nil }
    let made = KDevLua.completionScript(for: known)
    switch known {
    case .bash: return wrapped(made, by: bash)
    case .zsh: return wrapped(made, by: zsh)
    default: return made + "\n" + fish
    }
  }

  /// The script with its main function under another name, which `function` calls.
  private static func wrapped(_ script: String, by function: String) -> String {
    script.replacing("\n_kdevlua() {", with: "\n\(function)\n__kdevlua_commands() {", maxReplacements: 1)
  }

  private static let bash = #"""
    _kdevlua() {
        if ((COMP_CWORD < 2)) || [[ ${COMP_WORDS[1]} != run ]]; then
            __kdevlua_commands "$@"
            return
        fi
        local current=${COMP_WORDS[COMP_CWORD]} line
        [[ $current == "=" ]] && current=
        COMPREPLY=()
        while IFS= read -r line; do
            case $line in
            :files) while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$current") ;;
            :folders) while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -d -- "$current") ;;
            *) COMPREPLY+=("${line%%$'\t'*}") ;;
            esac
        done < <("${COMP_WORDS[0]/#\~/$HOME}" __complete "${COMP_WORDS[@]:2:COMP_CWORD-1}" 2>/dev/null)
    }

    """#

  private static let zsh = #"""
    _kdevlua() {
        if ((CURRENT < 3)) || [[ ${words[2]} != run ]]; then
            __kdevlua_commands "${@}"
            return
        fi
        local line
        local -a found
        local -i ret=1
        for line in "${(@f)$("${words[1]/#\~/$HOME}" __complete "${(@)words[3,CURRENT]}" 2>/dev/null)}"; do
            case "${line}" in
            '') ;;
            :files) _files && ret=0 ;;
            :folders) _files -/ && ret=0 ;;
            *) found+=("${${line//:/\\:}/$'\t'/:}") ;;
            esac
        done
        ((${#found})) && _describe -V 'script or option' found && ret=0
        return "${ret}"
    }

    """#

  private static let fish = #"""
    function __kdevlua_is_run
        set -l words (commandline -opc)
        test (count $words) -ge 2; and test "$words[2]" = run
    end

    function __kdevlua_after_run
        set -l words (commandline -opc)
        for line in ($words[1] __complete $words[3..-1] (commandline -ct) 2>/dev/null)
            switch $line
                case :files
                    __fish_complete_path (commandline -ct)
                case :folders
                    __fish_complete_directories (commandline -ct)
                case '*'
                    printf '%s\n' $line
            end
        end
    end

    complete -c 'kdevlua' -n '__kdevlua_is_run' -fa '(__kdevlua_after_run)'

    """#
}
