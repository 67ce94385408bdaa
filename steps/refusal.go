package steps

import (
	"fmt"
	"strings"
)

// RefusalCode says why a command was refused.
type RefusalCode string

// Why a command may be refused. The words for each are a text under assets, "refusal.<code>".
const (
	RefusedUnknown  RefusalCode = "unknown-step"
	RefusedRunning  RefusalCode = "running"
	RefusedDone     RefusalCode = "done"
	RefusedNeeds    RefusalCode = "needs"
	RefusedIdle     RefusalCode = "idle"      // nothing to cancel
	RefusedNoUndo   RefusalCode = "no-undo"   // it can't be taken back
	RefusedNoChecks RefusalCode = "no-checks" //
	RefusedNothing  RefusalCode = "nothing"   // all of it is done
	RefusedQuestion RefusalCode = "question"  // no such question
	RefusedReadOnly RefusalCode = "read-only"
	RefusedEnded    RefusalCode = "ended" // the engine has ended
)

// Refusal is a command that was not followed: nothing happened.
type Refusal struct {
	Code  RefusalCode
	Step  ID
	Needs []ID // for RefusedNeeds: what is missing; for RefusedUnknown: the nearest ids there are
}

// Error says it in English; people get the text of the code.
func (r *Refusal) Error() string {
	var ids []string
	for _, id := range r.Needs {
		ids = append(ids, string(id))
	}
	switch r.Code {
	case RefusedUnknown:
		if ids != nil {
			return fmt.Sprintf("no step %q: did you mean %s?", r.Step, strings.Join(ids, ", "))
		}
		return fmt.Sprintf("no step %q", r.Step)
	case RefusedNeeds:
		return fmt.Sprintf("%s needs %s first", r.Step, strings.Join(ids, ", "))
	case RefusedRunning:
		return fmt.Sprintf("%s is running", r.Step)
	case RefusedDone:
		return fmt.Sprintf("%s is done", r.Step)
	default:
		if r.Step != "" {
			return fmt.Sprintf("%s: %s", r.Step, r.Code)
		}
		return string(r.Code)
	}
}

// nearest lists the steps whose ids look like one that does not exist.
func nearest(w *Workshop, id ID) []ID {
	var names []string
	for _, step := range w.Steps {
		names = append(names, string(step.ID))
	}
	var ids []ID
	for _, name := range Nearest(string(id), names) {
		ids = append(ids, ID(name))
	}
	return ids
}

// Unknown is the refusal of a step there is not, with the nearest ids there are.
func (w *Workshop) Unknown(id ID) *Refusal {
	return &Refusal{Code: RefusedUnknown, Step: id, Needs: nearest(w, id)}
}
