package steps

import (
	"context"
	"fmt"
	"time"
)

// Schema says what one kind of action takes and gives: the loader rejects what does not fit, with
// file, line and column.
type Schema struct {
	Kind    string
	Fields  map[string]Field
	Results []string      // keys that save: may name
	Claims  bool          // it makes or removes something in the cloud: its intent is on disk before it starts
	Timeout time.Duration // of one run, unless the action says otherwise
	// Makes says that it makes something in the cloud that stays there.
	Makes bool
	// Unmakes says that after it nothing is left of what other steps have made.
	Unmakes bool
	// Looks says that the kind can also just look for what is there, and save the values it finds: see
	// [Input.Look].
	Looks bool
}

// FieldType is the shape of a field's value.
type FieldType string

// The shapes a field may have. A hop field names one of the workshop's hops, a file field a file of
// the workshop's folder, a duration is Go's ("90s"), a pattern a regular expression (RE2).
const (
	FieldString   FieldType = "string"
	FieldInt      FieldType = "int"
	FieldBool     FieldType = "bool"
	FieldDuration FieldType = "duration"
	FieldPattern  FieldType = "pattern"
	FieldHop      FieldType = "hop"
	FieldHops     FieldType = "hops" // a list of hops
	FieldFile     FieldType = "file"
	FieldList     FieldType = "list"
	FieldSteps    FieldType = "steps" // a list of steps
	FieldMap      FieldType = "map"
	FieldShell    FieldType = "shell" // a command line for a POSIX shell: values are quoted as they are filled in
)

// Field is one field of a kind.
type Field struct {
	Type     FieldType
	Required bool
	// Late lets the kind run before the values the field names are there; they are empty then.
	Late bool
}

// Phase says which of a step's lists an action stands in.
type Phase string

// The phases of a step.
const (
	PhaseAction Phase = "action"
	PhaseCheck  Phase = "check"
	PhaseUndo   Phase = "undo"
)

// Input is what one run of an action gets.
type Input struct {
	Workshop *Workshop
	Seat     string
	Step     ID
	Attempt  int
	Run      string // names this attempt in the cloud's metadata: random, the same after a crash
	Phase    Phase
	Index    int
	Action   Action
	Vars     Vars
	// Resumed is set when an earlier run of this action may have got through without our knowing:
	// look for what it left before making it again.
	Resumed bool
	// Look asks to find what the action would make, and to make nothing. What is not there is a Failure.
	Look bool
}

// Result is what a finished action tells.
type Result struct {
	Values  map[string]string // what save: picks from
	Summary string            // one line for people: "ACTIVE in 38s, 158.69.78.12"
	Said    []Phrase          // the summary in any language, see [Summed]; nil when it needs no words
	Changed bool              // false: it already held
	Held    time.Duration     // of the time it took, what it was kept waiting for the sake of a show: nobody worked
}

// Output is how a running action speaks. All of its methods may be called from any goroutine; none
// blocks but Ask.
type Output interface {
	// Line is one line of output, of a named source ("nova", "web-1", "web-1 syslog").
	Line(source, text string)
	// Status is what it is doing now, in a few words, see [Doing]; it replaces the last one, and ends with the
	// action. The zero Phrase: it is at work.
	Status(doing Phrase)
	// Ask puts a question to the person and waits for the answer; a Failure of kind nobody when nobody can answer.
	Ask(ctx context.Context, q Question) (Answer, error)
	// Secret is a value that must never be shown or written from now on.
	Secret(value string)
}

// Executor runs actions: steps/action implements it.
type Executor interface {
	// Execute runs one action to its end. An error that is, or wraps, a *Failure says by its kind
	// what can be done about it; any other is a failure of kind "internal".
	Execute(ctx context.Context, in Input, out Output) (Result, error)
	// Command is what a person would type for an action, with the values known so far filled in.
	Command(in Input) string
}

// Failure kinds. The remedy for each is a text under assets, "remedy.<kind>".
const (
	FailAuth        = "auth"        // credentials refused
	FailAccount     = "account"     // no credentials found
	FailForbidden   = "forbidden"   //
	FailNotFound    = "not-found"   // an image, flavor, network, server, file that is not there
	FailAmbiguous   = "ambiguous"   //
	FailQuota       = "quota"       //
	FailConflict    = "conflict"    //
	FailTaken       = "taken"       // something that we did not make has the name
	FailTooLarge    = "too-large"   //
	FailRate        = "rate"        // too many requests
	FailUnavailable = "unavailable" // the API does not answer as it should
	FailFault       = "fault"       // the server is in ERROR
	FailUnreachable = "unreachable" // a host does not answer
	FailHostKey     = "host-key"    // a host key refused, changed or revoked
	FailLogin       = "login"       // SSH password or key refused
	FailLost        = "lost"        // the line dropped in the middle
	FailExit        = "exit"        // a command ended with an error
	FailPuppet      = "puppet"      // the agent's run failed
	FailCheck       = "check"       // it does not hold
	FailTimeout     = "timeout"     //
	FailCanceled    = "canceled"    //
	FailInterrupted = "interrupted" // the program ended in the middle
	FailNeeds       = "needs"       // something it stands on was taken back
	FailValue       = "value"       // a variable or parameter is missing or wrong
	FailDisk        = "disk"        // a file could not be written
	FailNobody      = "nobody"      // a question, and nobody to answer it
	FailInternal    = "internal"    // a mistake of ours
)

// Failure is why something did not work, for people: the kind picks the remedy.
type Failure struct {
	Kind  string `json:"kind"`
	Cause string `json:"cause"` // in English, one or a few lines, redacted and sanitised
	// Said is the cause for people, in any language, see [Failure.In]; nil when nobody foresaw it.
	Said []Phrase `json:"said,omitempty"`
	// Broken is another step, of which this one has found out that it no longer holds.
	Broken ID `json:"broken,omitempty"`
	// From are the steps that find out the values that are missing.
	From []ID `json:"from,omitempty"`
	// Missing are the names that have no value.
	Missing []string `json:"-"`
	Err     error    `json:"-"`
}

// Failf makes a failure from a format, which nobody has put into other languages; %w is understood. People
// see those of [Fail].
func Failf(kind, format string, args ...any) *Failure {
	err := fmt.Errorf(format, args...)
	return &Failure{Kind: kind, Cause: err.Error(), Err: err}
}

// Error is the cause.
func (f *Failure) Error() string { return f.Cause }

// Unwrap is the error behind it.
func (f *Failure) Unwrap() error { return f.Err }

// Question is something only the person can say. Data carries what to show ("fingerprint", "host").
type Question struct {
	ID      int64             `json:"id"`
	Step    ID                `json:"step,omitempty"`
	Kind    QuestionKind      `json:"kind"`
	Subject string            `json:"subject"` // what it is about: "jump@jump.example:22"
	Data    map[string]string `json:"data,omitempty"`
	Choices []string          `json:"choices,omitempty"`
	Attempt int               `json:"attempt,omitempty"` // from 1; above: the last answer was wrong
}

// QuestionKind is the sort of a question: it picks the dialog and its words.
type QuestionKind string

// The questions there are.
const (
	AskHostKey    QuestionKind = "host-key" // Data: fingerprint, type, changed, known
	AskPassword   QuestionKind = "password"
	AskPassphrase QuestionKind = "passphrase"
	AskPrompt     QuestionKind = "prompt" // keyboard-interactive: Data: prompt, echo
	AskChoice     QuestionKind = "choice"
	AskAdopt      QuestionKind = "adopt"     // a server made by hand; Data: name, id, status, age in seconds
	AskGiveBack   QuestionKind = "give-back" // one that was taken over is about to go; Data likewise
)

// The choices of questions whose answers are not free. Which of them a question allows, it says.
const (
	ChoiceAdopt   = "adopt"   // it is ours: take it over
	ChoiceAnother = "another" // it is not: boot one beside it
	ChoiceDelete  = "delete"
	ChoiceKeep    = "keep" // leave it there, and let go of it
)

// Answer answers a question. Text is a secret for the questions that ask for one.
type Answer struct {
	OK     bool
	Text   string
	Nobody bool // nobody was there to answer: not the same as a no
}
