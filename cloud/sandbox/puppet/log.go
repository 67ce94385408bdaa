package puppet

import (
	"io"
	"strings"
)

// level is how grave a line is, with its word and puppet's colour for it.
type level struct{ word, colour string }

var (
	debugLine   = level{"Debug", "\x1b[0;36m"}
	infoLine    = level{"Info", "\x1b[0;32m"}
	noticeLine  = level{"Notice", "\x1b[m"}
	warningLine = level{"Warning", "\x1b[1;33m"}
	errorLine   = level{"Error", "\x1b[1;31m"}
)

// levels are the levels by the names a loglevel parameter has.
var levels = map[string]level{
	"debug": debugLine, "info": infoLine, "notice": noticeLine, "warning": warningLine, "err": errorLine,
	"alert": errorLine, "crit": errorLine, "emerg": errorLine,
}

// console writes lines as puppet does on a terminal or into a pipe: coloured in both.
type console struct {
	out     io.Writer
	node    Node
	quiet   bool // nothing on out
	colour  bool
	verbose bool // info too
}

// say prints one line, on the console with its colour and to the syslog without. A source is the
// resource it is about.
func (c *console) say(l level, source, text string) {
	if l == debugLine || l == infoLine && !c.verbose {
		return
	}
	line, entry := text, text
	if source != "" {
		line, entry = source+": "+text, "("+source+") "+text
	}
	if !c.quiet {
		line = l.word + ": " + line
		if c.colour {
			line = l.colour + line + "\x1b[0m"
		}
		_, _ = io.WriteString(c.out, line+"\n")
	}
	for _, s := range strings.Split(entry, "\n") {
		if strings.TrimSpace(s) != "" {
			c.node.Log("puppet-agent", s)
		}
	}
}
