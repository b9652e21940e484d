/// What a person does at the keyboard, as a terminal reports it.
public enum Key: Sendable, Equatable {
  /// Text that is typed: one scalar or more.
  case text(String)
  /// A bracketed paste, with `\n` at the ends of its lines.
  case paste(String)
  /// Control and a letter in lower case, or one of `_ ] \ @`.
  case control(Character)
  /// Alt, or Escape before it, and a character.
  case meta(Character)
  case enter
  /// Alt-Enter: a new line wherever the cursor is.
  case newLine
  case tab, backTab
  case backspace, delete
  /// Alt-Backspace.
  case deleteWordBack
  /// Alt-Delete or Control-Delete.
  case deleteWord
  case up, down, left, right
  case home, end
  case wordLeft, wordRight
  /// Alt-Up and Page-Up; Alt-Down and Page-Down.
  case pageUp, pageDown
  /// A sequence that means nothing here.
  case unknown
}
