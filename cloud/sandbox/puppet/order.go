package puppet

import (
	"container/heap"
	"path"
	"strings"
)

// A container becomes two vertices, as puppet's whits do: what it contains comes between them.
const (
	isNative = iota
	isStart
	isEnd
)

// vertex is one step of a run.
type vertex struct {
	res   *Resource
	kind  int
	rank  int // order in the catalogue
	out   []arc
	in    []*vertex
	waits int // predecessors not done yet

	events  int  // refreshes queued
	failed  bool // it failed itself
	blocked bool // something it depends on failed
	blocker []*vertex
}

// arc leads to a vertex that comes later; refresh says that changes are passed on.
type arc struct {
	to      *vertex
	refresh bool
}

// graph is the order of a catalogue.
type graph struct {
	vertices []*vertex
	start    map[*Resource]*vertex // the vertex itself for a native resource
	end      map[*Resource]*vertex
}

func (g *graph) join(from, to *vertex, refresh bool) {
	from.out = append(from.out, arc{to, refresh})
	to.in = append(to.in, from)
	to.waits++
}

// newGraph makes the graph of a catalogue.
func newGraph(cat *Catalog) *graph {
	g := &graph{start: map[*Resource]*vertex{}, end: map[*Resource]*vertex{}}
	for i, r := range cat.Resources {
		first := &vertex{res: r, rank: i}
		g.vertices = append(g.vertices, first)
		g.start[r], g.end[r] = first, first
		if r.isContainer() {
			first.kind = isStart
			last := &vertex{res: r, rank: i, kind: isEnd}
			g.vertices = append(g.vertices, last)
			g.end[r] = last
			g.join(first, last, true)
		}
	}
	for _, r := range cat.Resources {
		if up := r.container; up != nil {
			g.hold(up, r)
		}
	}
	for _, h := range cat.held {
		g.hold(h[0], h[1])
	}
	for _, e := range cat.edges {
		if g.start[e.from] != nil && g.start[e.to] != nil {
			g.join(g.end[e.from], g.start[e.to], e.refresh)
		}
	}
	g.autorequire(cat)
	return g
}

func (g *graph) hold(up, r *Resource) {
	if g.start[up] == nil || g.start[r] == nil {
		return
	}
	g.join(g.start[up], g.start[r], true)
	g.join(g.end[r], g.end[up], true)
}

// autorequire adds the relations puppet adds by itself: a file after its folder and its owner.
func (g *graph) autorequire(cat *Catalog) {
	explicit := map[[2]*Resource]bool{}
	for _, e := range cat.edges {
		explicit[[2]*Resource{e.from, e.to}] = true
	}
	for _, r := range cat.Resources {
		var names [][2]string
		switch r.Type {
		case "File":
			for dir := path.Dir(r.Title); len(dir) > 1; dir = path.Dir(dir) {
				if cat.lookup("File", dir) != nil {
					names = append(names, [2]string{"File", dir})
					break
				}
			}
			names = append(names, [2]string{"User", r.text("owner")}, [2]string{"Group", r.text("group")})
		case "Cron":
			names = append(names, [2]string{"User", r.text("user")})
		case "Exec":
			names = append(names, [2]string{"File", strings.SplitN(r.Title, " ", 2)[0]}, [2]string{"File", r.text("cwd")})
		case "User":
			names = append(names, [2]string{"Group", r.text("gid")})
		case "Vcsrepo":
			names = append(names, [2]string{"Package", r.text("provider")})
		}
		for _, n := range names {
			other := cat.lookup(n[0], n[1])
			if n[1] != "" && other != nil && other != r && !explicit[[2]*Resource{r, other}] {
				g.join(g.end[other], g.start[r], false)
			}
		}
	}
}

// ready is a heap of vertices by rank.
type ready []*vertex

func (h ready) Len() int           { return len(h) }
func (h ready) Less(i, j int) bool { return h[i].rank < h[j].rank }
func (h ready) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *ready) Push(v any)        { *h = append(*h, v.(*vertex)) }
func (h *ready) Pop() any {
	old := *h
	v := old[len(old)-1]
	*h = old[:len(old)-1]
	return v
}

// sorted is the order of a run: each time the vertex that was declared first of those whose
// predecessors are done. With a cycle, it answers a shortest one instead.
func (g *graph) sorted() (order, cycle []*vertex) {
	h := &ready{}
	waits := map[*vertex]int{}
	for _, v := range g.vertices {
		if waits[v] = v.waits; v.waits == 0 {
			heap.Push(h, v)
		}
	}
	for h.Len() > 0 {
		v, _ := heap.Pop(h).(*vertex)
		order = append(order, v)
		for _, a := range v.out {
			if waits[a.to]--; waits[a.to] == 0 {
				heap.Push(h, a.to)
			}
		}
	}
	if len(order) == len(g.vertices) {
		return order, nil
	}
	return nil, g.cycle(waits)
}

// cycle walks backwards among the vertices that never got ready until one comes again.
func (g *graph) cycle(waits map[*vertex]int) []*vertex {
	var at *vertex
	for _, v := range g.vertices {
		if waits[v] > 0 {
			at = v
			break
		}
	}
	seen := map[*vertex]int{}
	var walk []*vertex
	for {
		if i, ok := seen[at]; ok {
			walk = append(walk[i:], at)
			break
		}
		seen[at] = len(walk)
		walk = append(walk, at)
		for _, p := range at.in {
			if waits[p] > 0 {
				at = p
				break
			}
		}
	}
	var out []*vertex
	for i := len(walk) - 1; i >= 0; i-- {
		if len(out) == 0 || out[len(out)-1].res != walk[i].res {
			out = append(out, walk[i])
		}
	}
	return out
}
