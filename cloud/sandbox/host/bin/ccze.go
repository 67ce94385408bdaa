package bin

import (
	"context"
	"regexp"
	"strings"
)

// Colours of ccze(1)'s syslog lines.
const (
	dateColour = "\x1b[1;36m"
	hostColour = "\x1b[1;34m"
	progColour = "\x1b[35m"
	pidColour  = "\x1b[1;32m"
	badColour  = "\x1b[1;31m"
	goodColour = "\x1b[1;32m"
	warnColour = "\x1b[1;33m"
	noColour   = "\x1b[0m"
)

var (
	syslogLine = regexp.MustCompile(`^([A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d) (\S+) ([^\s:\[]+)(?:\[(\d+)\])?: (.*)$`)
	badWord    = regexp.MustCompile(`(?i)\b(error|errors|failed|failure|fatal|denied|refused|unable|cannot)\b`)
	goodWord   = regexp.MustCompile(`(?i)\b(started|starting|ok|success|created|applied|running|ready)\b`)
	warnWord   = regexp.MustCompile(`(?i)\b(warning|warn|notice)\b`)
)

// ccze colours syslog lines. Lines of another shape pass unchanged.
func ccze(ctx context.Context, c *Call) int {
	o, ok := c.Parse("A h m: o: r raw-ansi=A")
	if !ok {
		return 1
	}
	return c.each(ctx, o.Rest, func(in input) int {
		lines(ctx, in.r, func(l string) bool { return c.put(colourLine(strings.TrimSuffix(l, "\n")) + "\n") })
		return 0
	})
}

func colourLine(l string) string {
	m := syslogLine.FindStringSubmatch(l)
	if m == nil {
		return l
	}
	var b strings.Builder
	b.WriteString(dateColour + m[1] + noColour + " " + hostColour + m[2] + noColour + " " + progColour + m[3])
	if m[4] != "" {
		b.WriteString(noColour + "[" + pidColour + m[4] + noColour + "]")
	}
	b.WriteString(noColour + ": ")
	text := badWord.ReplaceAllString(m[5], badColour+"$0"+noColour)
	text = goodWord.ReplaceAllString(text, goodColour+"$0"+noColour)
	text = warnWord.ReplaceAllString(text, warnColour+"$0"+noColour)
	b.WriteString(text)
	return b.String()
}
