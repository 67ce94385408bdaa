package steps

import (
	"encoding/json"
	"time"
)

// EventType names what happened.
type EventType string

// The events of a journal. Each says which of the event's fields it fills besides V, Seq, At, Type.
const (
	JournalOpened   EventType = "journal.opened"   // Workshop, Seat, Note: the program's version
	StepStarted     EventType = "step.started"     // Step, Attempt, Run, Phase: the one it begins with
	ActionStarted   EventType = "action.started"   // Step, Attempt, Phase, Index, Name, Kind, Command: the intent
	ActionDone      EventType = "action.done"      // Step, Attempt, Phase, Index, Values, Summary, Said, Changed, Took
	ActionFailed    EventType = "action.failed"    // Step, Attempt, Phase, Index, Failure, Took
	ActionSkipped   EventType = "action.skipped"   // Step, Attempt, Phase, Index: an earlier attempt did it
	StepDone        EventType = "step.done"        // Step, Attempt, Took: its checks passed
	StepFailed      EventType = "step.failed"      // Step, Attempt, Failure, Took
	StepChecked     EventType = "step.checked"     // Step, Attempt, Failure: it had not been done, and its checks say it is not
	StepStale       EventType = "step.stale"       // Step, Failure, Names: it was done, and no longer holds; the variables forgotten
	StepShown       EventType = "step.shown"       // Step, Attempt: nothing was done, its recording was shown in its place
	StepUndone      EventType = "step.undone"      // Step, Attempt, Names: the variables forgotten
	PlanMade        EventType = "plan.made"        // Plan
	PlanEnded       EventType = "plan.ended"       // Plan: what was left of it
	EngineRecovered EventType = "engine.recovered" // Step, Attempt: a step was in flight when the program ended
)

// EventVersion is the version of the event format written today. The journal is only
// ever appended to, so events of a later version stay as they are; State.Apply ignores them.
const EventVersion = 1

// Event is one line of the journal, and one line of play --json. Every field but the first four may
// be absent. It never holds a secret. The format is JSON Lines; a field or type this version does
// not know is kept and ignored.
type Event struct {
	V    int       `json:"v"`
	Seq  int64     `json:"seq"`
	At   time.Time `json:"at"`
	Type EventType `json:"type"`

	Workshop string            `json:"workshop,omitempty"`
	Seat     string            `json:"seat,omitempty"`
	Step     ID                `json:"step,omitempty"`
	Attempt  int               `json:"attempt,omitempty"`
	Run      string            `json:"run,omitempty"`
	Phase    Phase             `json:"phase,omitempty"`
	Probing  bool              `json:"probing,omitempty"` // of step.started: the checks come first, the actions only if they fail
	Look     bool              `json:"look,omitempty"`    // of action.started: it only looks for what is there
	Index    int               `json:"index,omitempty"`   // of the action in its phase, from 0
	Name     string            `json:"name,omitempty"`
	Kind     string            `json:"kind,omitempty"`
	Command  string            `json:"command,omitempty"`
	Values   map[string]string `json:"values,omitempty"` // variables set by it
	Names    []string          `json:"names,omitempty"`  // variables forgotten
	Summary  string            `json:"summary,omitempty"`
	Said     []Phrase          `json:"said,omitempty"` // the summary, for people of any language, see [Event.In]
	Changed  bool              `json:"changed,omitempty"`
	Took     Millis            `json:"took_ms,omitempty"`
	Held     Millis            `json:"held_ms,omitempty"` // of an action: what it was kept waiting before it began, which Took leaves out
	Failure  *Failure          `json:"failure,omitempty"`
	Plan     []ID              `json:"plan,omitempty"`
	Note     string            `json:"note,omitempty"`
}

// Millis is a duration that stands in JSON as whole milliseconds.
type Millis time.Duration

// MarshalJSON writes milliseconds.
func (m Millis) MarshalJSON() ([]byte, error) { return json.Marshal(time.Duration(m).Milliseconds()) }

// UnmarshalJSON reads milliseconds.
func (m *Millis) UnmarshalJSON(data []byte) error {
	var ms int64
	if err := json.Unmarshal(data, &ms); err != nil {
		return err
	}
	*m = Millis(time.Duration(ms) * time.Millisecond)
	return nil
}

// Line is one line of output on its way to the screen. Text is sanitised: of all escape sequences
// only SGR colours are left, no other control character, and no secret.
type Line struct {
	Seq    int64     `json:"seq"`
	At     time.Time `json:"at"`
	Step   ID        `json:"step,omitempty"`
	Source string    `json:"source"`
	Text   string    `json:"text"`
}
