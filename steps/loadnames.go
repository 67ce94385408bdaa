package steps

import (
	"slices"

	"go.yaml.in/yaml/v4"
)

// reference is a name used somewhere, to be looked up when all is read.
type reference struct {
	node *yaml.Node
	step ID // the step it stands in; empty: outside of the steps
	name string
	what string // "step", "slide", "hop", "parameter", "value"
}

// index is every name a workshop defines.
type index struct {
	sets   map[string][]string // what -> names, for the hints
	known  map[string]map[string]bool
	values map[string][]int // value -> the steps that save it; none: known from the start
	order  map[ID]int       // step -> its place
	before []map[int]bool   // of each step: itself, and all it needs
	loose  map[int]bool     // steps that need one there is not: what they stand on is not known
}

func (l *loader) index() *index {
	x := &index{sets: map[string][]string{}, known: map[string]map[string]bool{}, values: map[string][]int{}, order: map[ID]int{}, loose: map[int]bool{}}
	for i, s := range l.w.Steps {
		x.add("step", string(s.ID))
		if _, twice := x.order[s.ID]; !twice {
			x.order[s.ID] = i
		}
		before := map[int]bool{i: true}
		for _, need := range s.Needs {
			at, ok := x.order[need]
			if !ok || at >= i || x.loose[at] {
				x.loose[i] = true
			} else {
				for n := range x.before[at] {
					before[n] = true
				}
			}
		}
		x.before = append(x.before, before)
		for _, a := range slices.Concat(s.Actions, s.Checks) {
			for name := range a.Save {
				x.values[name] = append(x.values[name], i)
			}
		}
	}
	for _, name := range builtinValues {
		x.values[name] = nil
	}
	for _, p := range l.w.Params {
		x.add("parameter", p.Name)
		x.values[p.Name] = nil
	}
	for _, h := range l.w.Hops {
		x.add("hop", h.Name)
	}
	for _, s := range l.w.Slides {
		x.add("slide", string(s))
	}
	return x
}

func (x *index) add(what, name string) {
	if x.known[what] == nil {
		x.known[what] = map[string]bool{}
	}
	x.known[what][name] = true
	x.sets[what] = append(x.sets[what], name)
}

// names looks up every reference. A value must be a parameter, a built-in, or saved by the step
// itself or one that it needs; so must the values of the hops it works on.
func (l *loader) names() {
	x := l.index()
	for _, r := range l.refs {
		switch {
		case r.what == "value":
			l.value(x, r)
		case !x.known[r.what][r.name]:
			l.problem(r.node, "no %s %q%s", r.what, r.name, l.hint(r.name, x.sets[r.what]))
		case r.what == "hop" && r.step != "":
			l.hopValues(x, r)
		case r.what == "step" && r.step != "" && x.order[ID(r.name)] >= x.order[r.step]:
			l.problem(r.node, "step %q does not stand before %q", r.name, r.step)
		}
	}
}

func (l *loader) value(x *index, r reference) {
	savers, ok := x.values[r.name]
	switch {
	case !ok:
		l.problem(r.node, "nothing gives a value to ${%s}%s", r.name, l.hint(r.name, keysOf(x.values)))
	case savers != nil && r.step != "":
		at := x.order[r.step]
		if slices.ContainsFunc(savers, func(i int) bool { return x.before[at][i] }) {
			return
		}
		if saver := l.w.Steps[savers[0]].ID; savers[0] > at {
			l.problem(r.node, "${%s} is saved only by the later step %q", r.name, saver)
		} else if !x.loose[at] {
			l.problem(r.node, "${%s} is saved by step %q, which %q does not need", r.name, saver, r.step)
		}
	}
}

// hopValues looks up what it takes to reach a hop.
func (l *loader) hopValues(x *index, r reference) {
	for _, h := range l.w.Chain(r.name) {
		for _, template := range []string{h.User, h.Host, h.Port, h.Password} {
			for _, name := range Names(template) {
				if x.values[name] != nil { // one that nothing gives is reported where the hop is
					l.value(x, reference{node: r.node, step: r.step, name: name})
				}
			}
		}
	}
}
