package pane

import (
	"regexp"
	"time"

	"matou/cloud"
	"matou/steps"
)

// Servers is the project's servers as nova list shows them, with as many of its columns as fit.
// What is shown of the list, and in which order, is in serversview.go.
type Servers struct {
	base
	snap    cloud.Snapshot
	rows    []cloud.Server // those shown, in their order
	seat    string
	now     time.Time
	cursor  int
	top     int
	focused bool

	sort    string // the column's key; empty: as nova orders them
	down    bool
	filter  *regexp.Regexp
	words   string
	changed map[string]time.Time // until when a server is highlighted, by id
	expect  func(cloud.Server) time.Duration
}

// NewServers makes the pane; servers of the seat are marked.
func NewServers(seat string) *Servers { return &Servers{seat: seat} }

// SetSnapshot shows what a poll saw.
func (s *Servers) SetSnapshot(snap cloud.Snapshot, now time.Time) {
	s.highlight(snap, now)
	s.snap, s.now = snap, now
	s.arrange()
}

// SetNow moves the clock that a server's building time is counted with.
func (s *Servers) SetNow(now time.Time) {
	s.now = now
	if s.fade() || s.Building() {
		s.version++
	}
}

// Building tells whether a server is about to change by itself.
func (s *Servers) Building() bool {
	for _, v := range s.snap.Servers {
		if !v.Status.Settled() {
			return true
		}
	}
	return false
}

// SetFocused shows or hides the cursor.
func (s *Servers) SetFocused(on bool) {
	if on != s.focused {
		s.focused = on
		s.version++
	}
}

// Move moves the cursor by lines.
func (s *Servers) Move(lines int) {
	s.cursor = min(max(0, s.cursor+lines), max(0, len(s.rows)-1))
	s.version++
}

// Selected is the server the cursor is on; the zero server when there is none.
func (s *Servers) Selected() cloud.Server {
	if s.cursor >= len(s.rows) {
		return cloud.Server{}
	}
	return s.rows[s.cursor]
}

// Servers are all servers there are, those a filter leaves out too.
func (s *Servers) Servers() []cloud.Server { return s.snap.Servers }

// column is one column of the list: its title's key, and what a server shows there.
type column struct {
	key   string
	width int // the least it needs
	cell  func(*Servers, cloud.Server) string
}

var (
	colID     = column{"id", 36, func(_ *Servers, v cloud.Server) string { return cloud.Clean(v.ID) }}
	colName   = column{"name", 12, func(_ *Servers, v cloud.Server) string { return cloud.Clean(v.Name) }}
	colStatus = column{"status", 17, (*Servers).statusOf}
	colTask   = column{"task", 14, func(_ *Servers, v cloud.Server) string { return orDash(cloud.Clean(v.TaskState)) }}
	colPower  = column{"power", 11, func(_ *Servers, v cloud.Server) string { return orDash(cloud.Clean(v.PowerState)) }}
	colNets   = column{"networks", 24, func(_ *Servers, v cloud.Server) string { return orDash(cloud.Clean(v.Networks())) }}
	colAddr   = column{"address", 15, address}
	colWhere  = column{"address", 15, addressOrTask}
)

func address(_ *Servers, v cloud.Server) string {
	if a := v.Address(); a.IsValid() {
		return a.String()
	}
	return "-"
}

// addressOrTask tells what a server without an address is busy with, where there is no column for
// it.
func addressOrTask(s *Servers, v cloud.Server) string {
	if !v.Address().IsValid() && v.TaskState != "" {
		return cloud.Clean(v.TaskState) + s.look.Styles.Glyph.Ellipsis
	}
	return address(s, v)
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

// status words the status, and for a server that is being built what is done and since when.
func (s *Servers) status(v cloud.Server) string {
	word := cloud.Clean(string(v.Status))
	if v.Status == cloud.StatusBuild && !v.Created.IsZero() {
		if d := s.now.Sub(v.Created); d >= 0 && d < 24*time.Hour {
			word += " " + Clock(d)
		}
	}
	return word
}

// columns picks what fits a width; the name takes what is left.
func columns(width int) []column {
	switch {
	case width >= 126:
		return []column{colID, colName, colStatus, colTask, colPower, colNets}
	case width >= 84:
		return []column{colName, colStatus, colTask, colPower, colNets}
	case width >= 62:
		return []column{colName, colStatus, colTask, colAddr}
	case width >= 44:
		return []column{colName, {"status", 12, (*Servers).status}, colWhere}
	default:
		return []column{colName, {"status", 10, (*Servers).status}}
	}
}

// Lines draws the list.
func (s *Servers) Lines() []string {
	st, t := s.look.Styles, s.look.Text
	if len(s.rows) == 0 {
		text := t.T("servers.none")
		switch {
		case len(s.snap.Servers) > 0:
			text = t.T("servers.filtered")
		case s.snap.Err != nil:
			text = t.T("servers.trouble", "why", Clean(steps.Explain(s.snap.Err, t, nil)))
		case s.snap.Version == 0:
			text = t.T("servers.unknown")
		}
		return s.page(append([]string{""}, wrapped(st.Dim, text, s.width, 1)...))
	}
	cols := columns(s.width)
	spare := s.width - 2
	for _, c := range cols {
		spare -= c.width + 1
	}
	for i := range cols {
		if cols[i].key == "name" {
			cols[i].width += max(0, min(spare, 24))
		}
	}
	head := "  "
	for _, c := range cols {
		head += s.cell(t.T("servers."+c.key)+s.arrow(c.key), c.width) + " "
	}
	lines := []string{st.Dim.Render(head)}
	room := max(1, s.height-1)
	s.top = min(max(s.top, s.cursor-room+1), s.cursor)
	for i := s.top; i < len(s.rows) && len(lines) <= room; i++ {
		lines = append(lines, s.row(i, cols))
	}
	return s.page(lines)
}

func (s *Servers) row(i int, cols []column) string {
	st, v := s.look.Styles, s.rows[i]
	mine := v.Metadata[cloud.MetaSeat] == s.seat && s.seat != ""
	chosen := s.focused && i == s.cursor
	mark := " "
	if mine {
		mark = st.Glyph.Mine
		if !chosen {
			mark = st.Accent.Render(mark)
		}
	}
	line := mark + " "
	_, fresh := s.changed[v.ID]
	for _, c := range cols {
		cell := s.cell(c.cell(s, v), c.width)
		switch {
		case chosen:
		case fresh && (c.key == "status" || c.key == "name"):
			cell = st.Match.Render(cell)
		case c.key == "status" && s.late(v):
			cell = st.Warn.Render(cell)
		case c.key == "status":
			cell = statusStyle(st, v.Status).Render(cell)
		case c.key == "name" && mine:
			cell = st.Strong.Render(cell)
		case c.key != "name" && c.key != "address":
			cell = st.Dim.Render(cell)
		}
		line += cell + " "
	}
	if chosen {
		return st.Selected.Render(s.fit(line))
	}
	return line
}

// Heads counts the servers, and says when the list is not fresh.
func (s *Servers) Heads() (left, right, foot string) {
	st, t := s.look.Styles, s.look.Text
	left = t.T("pane.servers")
	if s.snap.Version > 0 {
		right = st.Dim.Render(itoa(len(s.snap.Servers)))
	}
	if s.filter != nil {
		right = st.Warn.Render(t.T("servers.only", "n", itoa(len(s.rows)), "all", itoa(len(s.snap.Servers)), "filter", "&"+s.words))
	}
	if s.snap.Err != nil && len(s.snap.Servers) > 0 {
		foot = st.Warn.Render(t.T("servers.stale", "time", s.snap.At.Local().Format("15:04:05")))
	}
	return left, right, foot
}
