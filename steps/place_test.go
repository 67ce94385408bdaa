package steps_test

import (
	"fmt"
	"testing"

	"matou/steps"
)

func TestPlace(t *testing.T) {
	t.Parallel()
	on := func(hop string) []steps.Action {
		return []steps.Action{{With: map[string]steps.Value{"hop": {Text: hop}}}}
	}
	w := &steps.Workshop{
		Slides: []steps.ID{"title", "enter", "boot"},
		Hops:   []steps.Hop{{Name: "jump"}, {Name: "web"}},
		Steps: []steps.Step{
			{ID: "read"},
			{ID: "jump", Slides: []steps.ID{"enter"}, Actions: on("jump")},
			{ID: "list", Slides: []steps.ID{"enter", "boot"}},
			{ID: "boot", Slides: []steps.ID{"boot"}, Actions: on("nowhere")},
		},
	}
	if got := w.StepsAt(1); len(got) != 2 || got[0].ID != "jump" || got[1].ID != "list" {
		t.Errorf("steps of slide 1: %v", got)
	}
	if w.StepsAt(-1) != nil || w.StepsAt(3) != nil || w.StepsAt(0) != nil {
		t.Error("steps where there are none")
	}
	for id, want := range map[steps.ID]int{"read": -1, "none": -1, "jump": 1, "list": 1, "boot": 2} {
		if got := w.SlideOf(id); got != want {
			t.Errorf("slide of %s: %d, not %d", id, got, want)
		}
	}
	other := w.OnSlides([]steps.ID{"", "boot", ""})
	if got := other.StepsAt(1); len(got) != 2 || other.StepsAt(0) != nil || other.StepsAt(2) != nil || w.SlideOf("jump") != 1 {
		t.Errorf("on another deck: %v, %v, %v", other.StepsAt(0), got, other.StepsAt(2))
	}
	for id, want := range map[steps.ID]int{"read": -1, "jump": -1, "list": 1, "boot": 1} { // list is at boot too
		if got := other.SlideOf(id); got != want {
			t.Errorf("slide of %s on another deck: %d, not %d", id, got, want)
		}
	}
	for id, want := range map[steps.ID]string{"read": "", "jump": "jump", "list": "jump", "boot": "jump"} {
		if got := w.HopOf(id); got != want {
			t.Errorf("hop of %s: %q, not %q", id, got, want)
		}
	}
	w.Steps = append(w.Steps, steps.Step{ID: "both", Actions: append(on("jump"), steps.Action{With: map[string]steps.Value{"hops": {List: []string{"web", "jump"}}}})})
	for id, want := range map[steps.ID]string{"read": "[]", "jump": "[jump]", "list": "[jump]", "both": "[jump web]", "none": "[jump]"} {
		if got := fmt.Sprint(w.HopsOf(id)); got != want {
			t.Errorf("hops of %s: %s, not %s", id, got, want)
		}
	}
	state := func(begun steps.ID, status steps.Status) steps.State {
		return steps.State{Steps: map[steps.ID]steps.StepState{
			"read": {Status: steps.Done, Attempt: 1}, "jump": {Status: steps.Done, Attempt: 1}, begun: {Status: status, Attempt: 1},
		}}
	}
	for _, c := range []struct {
		state steps.State
		slide int
		step  steps.ID
	}{
		{steps.State{}, 0, ""},
		{state("list", steps.Failed), 1, "list"},
		{state("boot", steps.Running), 2, "boot"},
		{state("jump", steps.Done), 1, "list"},
	} {
		if slide, step := w.Place(c.state); slide != c.slide || step != c.step {
			t.Errorf("place %d %q, not %d %q", slide, step, c.slide, c.step)
		}
	}
}
