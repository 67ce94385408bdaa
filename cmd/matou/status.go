package main

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"matou/steps"
)

// stepStatus is a row of status --json.
type stepStatus struct {
	Step    steps.ID       `json:"step"`
	Title   string         `json:"title"`
	Status  steps.Status   `json:"status"`
	Attempt int            `json:"attempt,omitempty"`
	Took    steps.Millis   `json:"took_ms,omitempty"`
	Ended   *time.Time     `json:"ended,omitempty"`
	Failure *steps.Failure `json:"failure,omitempty"`
}

func newStatus(o *options) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Where the seat stands, from its journal alone",
		Long: `Lists the steps with where they stand, from the seat's journal alone: nothing is asked of the cloud.

A step is waiting (pending), ready, running, done, failed, or stale: it was done, and no longer holds, because
a check said so or because what it stands on was taken back or given back. The time is all the work on the
step until it was first proven.

With --json, one JSON object a step: step, title, status (one of the words in English above), attempt (how
often it was begun), took_ms, ended (when the last attempt ended, RFC 3339), failure (kind, cause, said,
broken, from). Fields may be added.`,
		Args: cobra.NoArgs,
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a step")
	cmd.RunE = running(func(cmd *cobra.Command, _ []string) error {
		w, dir, text, err := o.onDisk()
		if err != nil {
			return err
		}
		journal, err := steps.ReadJournal(dir)
		if err != nil {
			return err
		}
		state := steps.Replay(w, journal.Events())
		table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
		for _, step := range w.Steps {
			st := state.Step(step.ID)
			row := stepStatus{Step: step.ID, Title: step.Title.In(text.Lang), Status: st.Status, Attempt: st.Attempt, Took: steps.Millis(st.Took), Failure: st.Failure}
			if !st.Ended.IsZero() {
				row.Ended = &st.Ended
			}
			if asJSON {
				if err := printJSON(cmd.OutOrStdout(), row); err != nil {
					return err
				}
				continue
			}
			took := ""
			if st.Took > 0 {
				took = st.Took.Round(100 * time.Millisecond).String()
			}
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", step.ID, text.T("status."+string(st.Status)), took, row.Title)
		}
		return table.Flush()
	})
	return cmd
}

// printJSON prints one JSON object on a line, safe to look at on a terminal.
func printJSON(out io.Writer, v any) error {
	data, err := steps.SafeJSON(v)
	if err != nil {
		return err
	}
	_, err = out.Write(append(data, '\n'))
	return err
}
