package pane

import (
	"strconv"

	"github.com/charmbracelet/x/ansi"

	"matou/cloud"
	"matou/steps"
	"matou/tui/theme"
)

// proxyColumn is a column of the statistics.
type proxyColumn struct {
	key   string
	width int
	right bool
	cell  func(*Traffic, cloud.ProxyRow) string
}

var (
	proxyStatus = proxyColumn{"status", 9, false, func(_ *Traffic, r cloud.ProxyRow) string { return r.Status }}
	proxyCheck  = proxyColumn{"check", 12, false, (*Traffic).check}
	proxyTotal  = proxyColumn{"sessions", 6, true, func(_ *Traffic, r cloud.ProxyRow) string { return strconv.FormatInt(r.Total, 10) }}
	proxyOut    = proxyColumn{"out", 6, true, func(_ *Traffic, r cloud.ProxyRow) string { return size(r.Out) }}
	proxyIn     = proxyColumn{"in", 6, true, func(_ *Traffic, r cloud.ProxyRow) string { return size(r.In) }}
	proxyDown   = proxyColumn{"downtime", 7, true, func(_ *Traffic, r cloud.ProxyRow) string {
		if r.Downtime == 0 {
			return "-"
		}
		return Clock(r.Downtime)
	}}
)

// proxyColumns picks what fits a width.
func proxyColumns(width int) []proxyColumn {
	wide := proxyCheck
	wide.width = 26
	switch {
	case width >= 96:
		return []proxyColumn{proxyStatus, wide, proxyTotal, proxyIn, proxyOut, proxyDown}
	case width >= 70:
		return []proxyColumn{proxyStatus, proxyCheck, proxyTotal, proxyIn, proxyOut, proxyDown}
	case width >= 58:
		return []proxyColumn{proxyStatus, proxyCheck, proxyTotal, proxyDown}
	case width >= 44:
		return []proxyColumn{proxyStatus, proxyCheck, proxyTotal}
	default:
		return []proxyColumn{proxyStatus, proxyTotal}
	}
}

// check is how the last health check ended, how long it took, and, where there is room, what it says.
func (t *Traffic) check(r cloud.ProxyRow) string {
	switch {
	case r.Check == "":
		return "-"
	case r.Health() == cloud.ProxyDown && r.CheckSays != "":
		return r.Check + " " + r.CheckSays
	}
	return r.Check + " " + strconv.FormatInt(r.CheckTook.Milliseconds(), 10) + " ms"
}

// size is a number of bytes in three digits and a unit.
func size(n int64) string {
	for _, unit := range []string{"", "k", "M", "G"} {
		if n < 1000 {
			return strconv.FormatInt(n, 10) + unit
		}
		n /= 1000
	}
	return strconv.FormatInt(n, 10) + "T"
}

// table is the load balancer's statistics: of each proxy a line, and its servers below.
func (t *Traffic) table(site steps.Site) []string {
	st, x := t.look.Styles, t.look.Text
	switch {
	case site.Stats == "":
		return nil
	case t.snap.StatsErr != nil:
		return wrapped(st.Warn, x.T("traffic.stats.trouble", "why", Clean(t.snap.StatsErr.Error())), t.width, 1)
	case len(t.snap.Stats) == 0:
		return nil
	}
	cols := proxyColumns(t.width)
	name := t.width - 2
	for _, c := range cols {
		name -= c.width + 1
	}
	name = max(6, min(name, 32))
	head := " " + t.cell(x.T("traffic.stats.title"), name)
	for _, c := range cols {
		head += " " + align(t, x.T("traffic.stats."+c.key), c)
	}
	lines := []string{st.Dim.Render(head)}
	for _, r := range proxyRows(t.snap.Stats) {
		health := r.Health()
		if r.Kind != cloud.ProxyServer && r.servers == 0 { // up, as far as that goes
			health = cloud.ProxyUnknown
		}
		text, style := "  "+r.Name, st.Text
		if r.Kind != cloud.ProxyServer {
			text, style = r.Proxy, st.Strong
		}
		line := " " + style.Render(t.cell(text, name))
		for _, c := range cols {
			cell := align(t, t.value(c, r), c)
			if c.key == "status" {
				cell = healthStyle(st, health).Render(cell)
			} else {
				cell = st.Dim.Render(cell)
			}
			line += " " + cell
		}
		lines = append(lines, line)
	}
	return lines
}

// value is what a column says of a row.
func (t *Traffic) value(c proxyColumn, r proxyLine) string {
	switch {
	case c.key != "check" || r.Kind == cloud.ProxyServer:
		return c.cell(t, r.ProxyRow)
	case r.servers == 0:
		return t.look.Text.T("traffic.no-server")
	default:
		return t.look.Text.N("traffic.up", int(min(r.Active+r.Spare, 1<<20)))
	}
}

func align(t *Traffic, text string, c proxyColumn) string {
	if c.right {
		return right(t.cell(text, min(c.width, ansi.StringWidth(text))), c.width)
	}
	return t.cell(text, c.width)
}

// healthStyle is the colour of a status; the word says the same.
func healthStyle(st *theme.Styles, h cloud.ProxyHealth) theme.Style {
	switch h {
	case cloud.ProxyUp:
		return st.OK
	case cloud.ProxyChanging, cloud.ProxyOut:
		return st.Warn
	case cloud.ProxyDown:
		return st.Error
	default:
		return st.Dim
	}
}

// proxyLine is a row of the table, and how many servers are below it.
type proxyLine struct {
	cloud.ProxyRow
	servers int
}

// proxyRows puts each proxy before its servers, and those that have servers first. Of a proxy that has
// both ends, the one its servers are behind is shown.
func proxyRows(rows []cloud.ProxyRow) []proxyLine {
	var names []string
	heads, servers := map[string]cloud.ProxyRow{}, map[string][]proxyLine{}
	for _, r := range rows {
		old, known := heads[r.Proxy]
		if !known {
			names = append(names, r.Proxy)
			heads[r.Proxy] = cloud.ProxyRow{Proxy: r.Proxy}
		}
		switch {
		case r.Kind == cloud.ProxyServer:
			servers[r.Proxy] = append(servers[r.Proxy], proxyLine{ProxyRow: r})
		case r.Kind == cloud.ProxyBackend, r.Kind == cloud.ProxyFrontend && old.Status == "":
			heads[r.Proxy] = r
		}
	}
	var out []proxyLine
	for _, with := range []bool{true, false} {
		for _, name := range names {
			if n := len(servers[name]); (n > 0) == with {
				out = append(append(out, proxyLine{heads[name], n}), servers[name]...)
			}
		}
	}
	return out
}
