package steps

import "slices"

// StepsAt lists the steps that belong to a slide, which is counted from 0.
func (w *Workshop) StepsAt(slide int) []Step {
	if slide < 0 || slide >= len(w.Slides) {
		return nil
	}
	var out []Step
	for _, s := range w.Steps {
		if w.Slides[slide] != "" && slices.Contains(s.Slides, w.Slides[slide]) {
			out = append(out, s)
		}
	}
	return out
}

// OnSlides is the workshop as a deck of other slides shows it: ids are those of its slides, in the
// deck's order, empty for one that is none of the workshop's. No step belongs to such a slide, and a
// step whose slides the deck does not have belongs to none.
func (w *Workshop) OnSlides(ids []ID) *Workshop {
	other := *w
	other.Slides = ids
	return &other
}

// SlideOf is a step's first slide, counted from 0; -1 when it has none.
func (w *Workshop) SlideOf(id ID) int {
	step, ok := w.Step(id)
	if !ok || len(step.Slides) == 0 {
		return -1
	}
	for _, id := range step.Slides { // a deck need not have them all, see OnSlides
		if i := slices.Index(w.Slides, id); i >= 0 {
			return i
		}
	}
	return -1
}

// HopOf is the hop a step works on: the one its last action names, or the last of the steps before
// it that names one. It is empty when none does.
func (w *Workshop) HopOf(id ID) string {
	found := ""
	for _, s := range w.Steps {
		for _, a := range s.Actions {
			for _, name := range []string{"hop", "on", "host"} {
				if _, ok := w.Hop(a.With[name].Text); ok {
					found = a.With[name].Text
				}
			}
		}
		if s.ID == id {
			break
		}
	}
	return found
}

// HopsOf lists the hops that a step's actions work on, the one of HopOf first.
func (w *Workshop) HopsOf(id ID) []string {
	var hops []string
	add := func(name string) {
		if _, ok := w.Hop(name); ok && !slices.Contains(hops, name) {
			hops = append(hops, name)
		}
	}
	add(w.HopOf(id))
	step, _ := w.Step(id)
	for _, a := range step.Actions {
		for _, name := range []string{"hop", "on", "host"} {
			add(a.With[name].Text)
		}
		for _, name := range a.With["hops"].List {
			add(name)
		}
	}
	return hops
}

// Place is the slide to go on at, counted from 0, and the step there: where a participant who has
// begun is, the very start for one who has not.
func (w *Workshop) Place(s State) (slide int, step ID) {
	begun := false
	for _, st := range s.Steps {
		begun = begun || st.Attempt > 0
	}
	if !begun {
		return 0, ""
	}
	step = s.Next(w)
	if running := s.Running(w); len(running) > 0 {
		step = running[0]
	}
	return max(0, w.SlideOf(step)), step
}
