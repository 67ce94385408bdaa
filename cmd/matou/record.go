package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"

	"github.com/charmbracelet/x/term"
	"github.com/spf13/cobra"

	"matou/steps"
	"matou/tui/cast"
)

func recordFlag(cmd *cobra.Command, o *options) {
	cmd.Flags().StringVar(&o.record, "record", "", "record what the terminal shows in this new file (asciicast v3); shells are left out")
}

// recording is a file that what the terminal shows goes to. A nil one records nothing.
type recording struct {
	w    *cast.Writer
	file *os.File
	stop context.CancelFunc
	wait sync.WaitGroup
}

// startRecording begins to record a session, if that is asked for, with a mark at the start of each
// step. Lines says that it is text that is shown, and not a screen that is drawn.
func (o *options) startRecording(ctx context.Context, s *session, lines bool) (*recording, error) {
	if o.record == "" {
		return nil, nil
	}
	_, text, err := o.texts()
	if err != nil {
		return nil, err
	}
	file, err := os.OpenFile(o.record, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		if errors.Is(err, fs.ErrExist) {
			return nil, usagef("--record: %s is there already, and is not written over: name a new file", o.record)
		}
		return nil, usagef("--record: %v", err)
	}
	cols, rows, _ := term.GetSize(os.Stdout.Fd()) // none of it is one: the recording has its own
	w, err := cast.New(file, cast.Header{
		Cols: cols, Rows: rows, Type: os.Getenv("TERM"), Title: s.workshop.Title.In(text.Lang), Command: "matou",
	}, cast.Options{Mask: s.redactor, Lines: lines})
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	ctx, stop := context.WithCancel(ctx)
	r := &recording{w: w, file: file, stop: stop}
	feed := s.engine.Feed(1)
	r.wait.Go(func() {
		defer feed.Close()
		for {
			b, err := feed.Next(ctx)
			if err != nil {
				return
			}
			for _, e := range b.Events {
				if step, ok := s.workshop.Step(e.Step); ok && e.Type == steps.StepStarted {
					w.Mark(fmt.Sprintf("%s: %s", e.Step, step.Title.In(text.Lang)))
				}
			}
		}
	})
	return r, nil
}

// terminal is where the console draws.
func (r *recording) terminal() io.Writer {
	if r == nil {
		return os.Stdout
	}
	return r.w.Terminal(os.Stdout)
}

// text is where lines are printed.
func (r *recording) text(out io.Writer) io.Writer {
	if r == nil {
		return out
	}
	return r.w.Text(out)
}

// typed records lines that the terminal has shown by itself.
func (r *recording) typed() func(string) {
	if r == nil {
		return nil
	}
	return func(text string) { r.w.Output(text + "\n") }
}

// end ends the recording of a program that ends with an error, or with none.
func (r *recording) end(because error) error {
	if r == nil {
		return nil
	}
	r.stop()
	r.wait.Wait()
	code := exitDone
	var e *exitError
	if errors.As(because, &e) {
		code = e.code
	} else if because != nil {
		code = exitFailed
	}
	return errors.Join(r.w.End(code), r.file.Close())
}
