package haproxy

import (
	"fmt"
	"html"
	"strings"
	"time"
)

// pageHead is the statistics for browsers, up to their tables: %s is the process, then for how long. It
// is not html/template's, which would have the linker keep every method of every type in the program.
const pageHead = `<!DOCTYPE html>
<html><head><title>Statistics Report for HAProxy</title><meta charset="utf-8">
<style>
body{font:13px sans-serif;margin:1em} table{border-collapse:collapse;margin:0 0 1em} td,th{border:1px solid #999;padding:2px 8px;text-align:right}
th:first-child,td:first-child{text-align:left} .up{background:#c0ffc0} .down{background:#ff9090} .open{background:#e8e8ff} .none{background:#e0e0e0}
</style></head><body>
<h1>HAProxy</h1><h2>Statistics Report for pid %d</h2>
<p>uptime = %s</p>
`

// pageColumns are the columns that people look at: what they are called, and what haproxy's CSV calls them.
var pageColumns = []struct{ title, name string }{
	{"Sessions cur", "scur"},
	{"Total", "stot"},
	{"Bytes in", "bin"},
	{"Bytes out", "bout"},
	{"Errors", "econ"},
	{"Status", "status"},
	{"LastChk", "check_status"},
	{"Wght", "weight"},
}

// HTML is the statistics page.
func (b *Balancer) HTML() string {
	var out strings.Builder
	fmt.Fprintf(&out, pageHead, b.pid, time.Since(b.started).Round(time.Second))
	proxy := ""
	for _, r := range b.rows() {
		if r["pxname"] != proxy {
			if proxy != "" {
				out.WriteString("</table>\n")
			}
			proxy = r["pxname"]
			name := html.EscapeString(proxy)
			fmt.Fprintf(&out, "<table><caption>%s</caption>\n<tr><th>%[1]s</th>", name)
			for _, c := range pageColumns {
				fmt.Fprintf(&out, "<th>%s</th>", c.title)
			}
			out.WriteString("</tr>\n")
		}
		class := "none"
		for _, c := range []string{"UP", "DOWN", "OPEN"} {
			if strings.HasPrefix(r["status"], c) {
				class = strings.ToLower(c)
			}
		}
		fmt.Fprintf(&out, "<tr class=%q><td>%s</td>", class, html.EscapeString(r["svname"]))
		for _, c := range pageColumns {
			fmt.Fprintf(&out, "<td>%s</td>", html.EscapeString(r[c.name]))
		}
		out.WriteString("</tr>\n")
	}
	if proxy != "" {
		out.WriteString("</table>\n")
	}
	out.WriteString("</body></html>\n")
	return out.String()
}
