package pane

import (
	"strings"

	"github.com/charmbracelet/x/ansi"

	"matou/cloud"
	"matou/tui/theme"
)

// statusStyle is the colour of a server's status; the word says the same.
func statusStyle(st *theme.Styles, s cloud.Status) theme.Style {
	switch s {
	case cloud.StatusActive:
		return st.OK
	case cloud.StatusBuild, cloud.StatusReboot:
		return st.Info
	case cloud.StatusError:
		return st.Error
	default:
		return st.Warn
	}
}

// wrapped breaks a text into styled lines, indented.
func wrapped(style theme.Style, text string, width, indent int) []string {
	var lines []string
	for line := range strings.SplitSeq(ansi.Wrap(text, max(8, width-2*indent), ""), "\n") {
		lines = append(lines, strings.Repeat(" ", indent)+style.Render(line))
	}
	return lines
}
