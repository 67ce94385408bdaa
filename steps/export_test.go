package steps

// Finished is the end of an effect, as the engine gives it to Decide.
func Finished(x Execute, r Result, f *Failure) Command {
	return finished{Step: x.Step, Attempt: x.Attempt, Phase: x.Phase, Index: x.Index, Result: r, Failure: f}
}
