package steps

import "slices"

// unknown lists the values that a step's actions find out, that something else works with, and that
// nobody has found out yet, in order. A check that holds proves the work, but finds out none of them.
func unknown(w *Workshop, s State, step Step) []string {
	var names []string
	for _, a := range step.Actions {
		for name := range a.Save {
			if _, known := s.Vars[name]; !known && w.uses(name, step.ID) {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// uses tells whether a hop, or a step other than the one given, works with a value.
func (w *Workshop) uses(name string, but ID) bool {
	for _, h := range w.Hops {
		for _, template := range []string{h.User, h.Host, h.Port, h.Password, h.Server} {
			if slices.Contains(Names(template), name) {
				return true
			}
		}
	}
	for _, step := range w.Steps {
		if step.ID == but {
			continue
		}
		for _, a := range slices.Concat(step.Actions, step.Checks, step.Undo) {
			if a.uses(name) {
				return true
			}
		}
	}
	return false
}

func (a Action) uses(name string) bool {
	for _, value := range a.With {
		templates := append([]string{value.Text}, value.List...)
		for _, template := range value.Map {
			templates = append(templates, template)
		}
		for _, template := range templates {
			if slices.Contains(Names(template), name) {
				return true
			}
		}
	}
	return false
}
