package steps

import "time"

// Finished is the end of an effect, as the engine gives it to Decide.
func Finished(x Execute, r Result, f *Failure) Command {
	return finished{Step: x.Step, Attempt: x.Attempt, Phase: x.Phase, Index: x.Index, Result: r, Failure: f}
}

// Line is one line of output, as a running action gives it to the engine.
func (e *Engine) Line(step ID, source, text string) { e.line(step, source, text) }

// Limit makes a log turn over sooner.
func (l *Log) Limit(bytes int64) { l.limit = bytes }

// Break makes every write to a log's file fail from now on.
func (l *Log) Break() { _ = l.file.Close() }

// The bounds of a line on the screen, and of how late a line is on disk.
const (
	MaxLine  = maxLine
	LogFlush = logFlush + time.Millisecond
)

// CheckShell is how the loader judges a command line.
var CheckShell = checkShell

// AppendJSON is how a line stands in the log.
func (l Line) AppendJSON(b []byte) []byte { return l.appendJSON(b) }
