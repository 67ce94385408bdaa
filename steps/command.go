package steps

// Command is what the engine is asked to do. The set is closed.
type Command interface{ command() }

// Start runs a step that has not been done: its actions, then its checks.
type Start struct{ Step ID }

// Check runs only the checks of a step, whatever its status: what was done by hand counts, and what
// no longer holds is found out.
type Check struct{ Step ID }

// Retry runs a step again. After a failure it goes on at the action that failed; after success, or
// when FromStart is set, it begins with the first.
type Retry struct {
	Step      ID
	FromStart bool
}

// Undo takes back what a step did and forgets what it saved.
type Undo struct{ Step ID }

// Cancel stops a running step. An empty Step stops all of them, and a plan.
type Cancel struct{ Step ID }

// CatchUp runs what does not hold of all that Until stands on, and Until itself, in order: each
// step's checks first, its actions only when they fail. An empty Until is the workshop's last step.
// See [PlanUntil] for what it will look at. With Shown it is all that was only shown, in place of
// Until: see [PlanShown].
type CatchUp struct {
	Until ID
	Shown bool
}

// Show says that the recording of a step is shown in place of the step, which stays to be done: later
// steps go on waiting for it. See [Workshop.Recording]. It is refused for a step that runs or is done.
type Show struct{ Step ID }

// Reply answers a question. It is never journaled.
type Reply struct {
	Question int64
	Answer   Answer
}

// finished is an effect's end coming back to Decide.
type finished struct {
	Step    ID
	Attempt int
	Phase   Phase
	Index   int
	Result  Result
	Failure *Failure // nil: it worked
	Took    Millis   // without Held
	Held    Millis   // see [Result]
}

func (Start) command()    {}
func (Check) command()    {}
func (Retry) command()    {}
func (Undo) command()     {}
func (Cancel) command()   {}
func (CatchUp) command()  {}
func (Show) command()     {}
func (Reply) command()    {}
func (finished) command() {}
