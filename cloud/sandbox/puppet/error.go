package puppet

import "fmt"

// Error is a mistake in a manifest, worded as puppet words it.
type Error struct {
	Message string
	pos     pos
	node    string
}

// Error is the message with its place, as the server reports it: "Syntax error at '}' (file: F,
// line: 12, column: 3) on node web-1.novalocal".
func (e *Error) Error() string {
	s := e.Message
	switch {
	case e.pos.file == "":
	case e.pos.col > 0:
		s += fmt.Sprintf(" (file: %s, line: %d, column: %d)", e.pos.file, e.pos.line, e.pos.col)
	case e.pos.line > 0:
		s += fmt.Sprintf(" (file: %s, line: %d)", e.pos.file, e.pos.line)
	default:
		s += fmt.Sprintf(" (file: %s)", e.pos.file)
	}
	if e.node != "" {
		s += " on node " + e.node
	}
	return s
}

// lined drops the column, which puppet leaves out of messages about a whole resource.
func (p pos) lined() pos { return pos{p.file, p.line, 0} }
