package tui

import "matou/tui/pane"

// rect is a part of the screen, in cells.
type rect struct{ X, Y, W, H int }

// placed is a pane and where it stands, border included.
type placed struct {
	ID pane.ID
	rect
}

// layout says where everything stands. Bar and Status may have no height.
type layout struct {
	Tiny   bool // too small for panes: a line or a few of text
	Tabs   bool // one pane at a time, the others behind tabs
	Panes  []placed
	Bar    rect
	Status rect
}

// has tells whether a pane is on the screen.
func (l layout) has(id pane.ID) bool {
	for _, p := range l.Panes {
		if p.ID == id {
			return true
		}
	}
	return false
}

// The sizes from which more is shown.
const (
	wideColumns = 110 // panes beside each other
	wideRows    = 24
	tinyColumns = 36 // below: no panes at all
	tinyRows    = 8
	catColumns  = pane.CatWidth + 2
	catRows     = pane.CatHeight + 5 // the cat, what it says, the border
)

// want is all that a layout depends on.
type want struct {
	Width, Height int
	Focus         pane.ID
	Zoom, NoCat   bool
	Traffic       bool      // it wants to be seen
	Servers       bool      // they come first, when there is no room for both
	Busy          bool      // a step runs: its log needs the room
	List          int       // servers to be listed: what their pane does not need is the log's
	Stage         pane.ID   // shown large to a room, the others in a strip below; empty: as usual
	Wings         []pane.ID // of which the first that is not on stage stands in the strip
}

// arrange says where everything stands on a screen of a size. The panes and bars always tile it.
func arrange(in want) layout {
	if in.Width < tinyColumns || in.Height < tinyRows {
		return layout{Tiny: true}
	}
	bar := 3
	switch {
	case in.Height < 12:
		bar = 1
	case in.Height < 18:
		bar = 2
	}
	body := in.Height - bar - 1
	l := layout{
		Bar:    rect{0, body, in.Width, bar},
		Status: rect{0, in.Height - 1, in.Width, 1},
	}
	if in.Stage != "" && in.Focus == in.Stage && in.Width >= wideColumns && body >= 28 && !in.Zoom {
		l.Panes = staged(in, body)
		return l
	}
	if in.Width < wideColumns || in.Height < wideRows || in.Zoom || in.Stage != "" {
		l.Tabs = true
		l.Panes = []placed{{in.Focus, rect{0, 0, in.Width, body}}}
		return l
	}
	left := in.Width * 62 / 100
	if in.Width < 140 {
		left = in.Width * 60 / 100
	}
	right := in.Width - left
	cat := !in.NoCat && body >= 28
	top, servers := 8, 6
	if body >= 28 {
		top, servers = catRows, 8
	}
	if body >= 44 {
		top, servers = body*2/5, 12
	}
	servers = min(servers, max(fewServers, in.List)+3)
	l.Panes = append(l.Panes, placed{pane.SlideID, rect{0, 0, left, body}})
	if cat {
		l.Panes = append(l.Panes,
			placed{pane.StepsID, rect{left, 0, right - catColumns, top}},
			placed{pane.CatID, rect{in.Width - catColumns, 0, catColumns, top}})
	} else {
		l.Panes = append(l.Panes, placed{pane.StepsID, rect{left, 0, right, top}})
	}
	l.Panes = append(l.Panes, underSteps(in, rect{left, top, right, body - top}, servers)...)
	if in.Focus == pane.CatID && !cat {
		l.Tabs = true
		l.Panes = []placed{{in.Focus, rect{0, 0, in.Width, body}}}
	}
	return l
}

// The height of the traffic, border included: what four servers that take turns need, and their rows of
// statistics; while a step runs, the first of these. From bothRows on the servers stay above it; below
// it the log has leastLog at least.
const (
	trafficRows = 16
	trafficBusy = 10
	bothRows    = 32
	leastLog    = 5
	fewServers  = 3 // for these there is room, whether they are there yet or not
)

// underSteps shares out what is below the steps: the servers or the traffic or both, and the log.
func underSteps(in want, r rect, servers int) []placed {
	var out []placed
	put := func(id pane.ID, height int) {
		out = append(out, placed{id, rect{r.X, r.Y, r.W, height}})
		r.Y, r.H = r.Y+height, r.H-height
	}
	in.Traffic = in.Traffic || in.Focus == pane.TrafficID
	both := in.Traffic && r.H >= bothRows
	if !in.Traffic || both || in.Servers {
		put(pane.ServersID, servers)
	}
	if rows := trafficRows; in.Traffic && (both || !in.Servers) {
		if in.Busy && !both {
			rows = trafficBusy
		}
		put(pane.TrafficID, min(rows, r.H-leastLog))
	}
	put(pane.LogID, r.H)
	return out
}

// staged gives one pane most of the screen, and the others a strip below it.
func staged(in want, body int) []placed {
	strip := catRows - 2
	if body >= 44 {
		strip = catRows
	}
	other := pane.ServersID
	if in.Stage == other {
		other = pane.LogID
	}
	for _, id := range in.Wings {
		if id != in.Stage && (id == pane.ServersID || id == pane.LogID || id == pane.TrafficID) {
			other = id
			break
		}
	}
	y, left, cat := body-strip, in.Width/3, catColumns
	if in.NoCat {
		cat = 0
	}
	panes := []placed{
		{in.Stage, rect{0, 0, in.Width, y}},
		{pane.StepsID, rect{0, y, left, strip}},
		{other, rect{left, y, in.Width - left - cat, strip}},
	}
	if cat > 0 {
		panes = append(panes, placed{pane.CatID, rect{in.Width - cat, y, cat, strip}})
	}
	return panes
}
