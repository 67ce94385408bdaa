package action

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"matou/cloud"
	"matou/steps"
)

// lateServers is how long a server that a lost request may have made is waited for before another
// is made: the API shows it a moment after it took the request.
const lateServers = 3 * time.Second

// marks are the metadata of the servers that this action makes or takes over.
func (c *call) marks() map[string]string {
	return map[string]string{
		cloud.MetaWorkshop: c.in.Workshop.Name, cloud.MetaSeat: c.in.Seat,
		cloud.MetaStep: string(c.in.Step), cloud.MetaAction: c.tag(c.in.Index), cloud.MetaRun: c.in.Run,
	}
}

// maxTag is how long a metadata value may be, in bytes.
const maxTag = 255

// tag tells one action of a step from the others: its name, and its place where two have the same.
func (c *call) tag(index int) string {
	step, _ := c.in.Workshop.Step(c.in.Step)
	if index >= len(step.Actions) {
		return c.in.Action.Name
	}
	name := step.Actions[index].Name
	if slices.ContainsFunc(step.Actions[:index], func(a steps.Action) bool { return a.Name == name }) {
		name = fmt.Sprintf("#%d %s", index+1, name)
	}
	return strings.ToValidUTF8(name[:min(len(name), maxTag)], "")
}

// mine tells whether this seat made a server, or took it over.
func (c *call) mine(s cloud.Server) bool {
	return s.Of(c.in.Workshop.Name, c.in.Seat)
}

// fromHere tells whether a server of ours is this very action's. One that names none of the step's
// actions, because an older version made it or the workshop has changed, goes by its name.
func (c *call) fromHere(s cloud.Server) bool {
	if !c.mine(s) || s.Metadata[cloud.MetaStep] != string(c.in.Step) {
		return false
	}
	step, _ := c.in.Workshop.Step(c.in.Step)
	boots := 0
	for i, a := range step.Actions {
		if a.Kind != "server.boot" {
			continue
		}
		if c.tag(i) == s.Metadata[cloud.MetaAction] {
			return i == c.in.Index
		}
		boots++
	}
	return boots < 2 || s.Named(c.texts["name"])
}

// find finds the servers an earlier run of this action made or took over, at most count of them, among
// all there are.
func (c *call) find(ctx context.Context, compute Compute, count int) (mine, all []cloud.Server, err error) {
	patience := time.Now()
	if c.in.Resumed {
		patience = patience.Add(lateServers)
	}
	for {
		if all, err = compute.Servers(ctx); err != nil {
			return nil, nil, err
		}
		mine = nil
		for _, s := range all {
			if !c.fromHere(s) || s.Leaving() {
				continue
			}
			if s.Status == cloud.StatusError && !c.in.Look {
				c.show("nova", fmt.Sprintf("%s  %s is in ERROR: deleted, to make room for another", s.ID, s.Name))
				if err := c.remove(ctx, compute, s); err != nil {
					return nil, nil, err
				}
				continue
			}
			mine = append(mine, s)
		}
		if len(mine) >= count || !time.Now().Before(patience) {
			cloud.SortServers(mine)
			mine = mine[:min(count, len(mine))]
			for _, s := range mine {
				c.show("nova", fmt.Sprintf("%s  %s was there already", s.ID, s.Name))
			}
			return mine, all, nil
		}
		select {
		case <-time.After(500 * time.Millisecond):
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		}
	}
}

// takeOver takes over the servers that a person booted by hand under the names this action gives, and
// that they say are theirs. Never one that carries anybody's marks: the name alone says nothing.
func (c *call) takeOver(ctx context.Context, compute Compute, all []cloud.Server, count int) ([]cloud.Server, error) {
	names := []string{c.texts["name"]}
	if count > 1 { // as Nova numbers them
		names = nil
		for i := range count {
			names = append(names, fmt.Sprintf("%s-%d", c.texts["name"], i+1))
		}
	}
	var taken []cloud.Server
	for _, name := range names {
		s, err := c.handMade(all, name)
		if err != nil {
			return nil, err
		}
		if s.ID == "" {
			continue
		}
		choice, err := c.whose(ctx, s)
		if err != nil {
			return nil, err
		}
		if choice == steps.ChoiceAnother {
			break
		}
		if s, err = c.take(ctx, compute, s); err != nil {
			return nil, err
		}
		taken = append(taken, s)
	}
	return taken, nil
}

// handMade finds the one server of a name that nobody's Matou made; the zero server when there is none.
func (c *call) handMade(all []cloud.Server, name string) (cloud.Server, error) {
	var found []cloud.Server
	for _, s := range all {
		switch {
		case s.Name != name || s.Leaving() || c.mine(s):
		case s.Marked():
			c.show("nova", fmt.Sprintf("%s  %s is of %s: left alone", s.ID, s.Name, owner(s)))
		case s.Status == cloud.StatusError:
			c.show("nova", fmt.Sprintf("%s  %s is in ERROR, and not made by matou: left alone", s.ID, s.Name))
		default:
			found = append(found, s)
		}
	}
	switch len(found) {
	case 0:
		return cloud.Server{}, nil
	case 1:
		return found[0], nil
	}
	var ids []string
	for _, s := range found {
		ids = append(ids, fmt.Sprintf("%s (%s, made %s ago)", s.ID, s.Status, age(s)))
	}
	return cloud.Server{}, steps.Fail(steps.FailTaken, "cause.several", "{n} servers are called {name}, and Matou made none of them: {ids}",
		"n", len(found), "name", name, "ids", strings.Join(ids, ", "))
}

// owner says whose marks a server carries: a seat's, or nobody's that we know.
func owner(s cloud.Server) string {
	if s.Metadata[cloud.MetaSeat] == "" && s.Metadata[cloud.MetaWorkshop] == "" {
		return "somebody else"
	}
	return fmt.Sprintf("seat %s in workshop %s", s.Metadata[cloud.MetaSeat], s.Metadata[cloud.MetaWorkshop])
}

// age is how long a server has been there.
func age(s cloud.Server) time.Duration {
	if s.Created.IsZero() {
		return 0
	}
	return max(0, time.Since(s.Created)).Round(time.Second)
}

// serverData is what a question shows of a server.
func serverData(s cloud.Server) map[string]string {
	return map[string]string{
		"name": s.Name, "id": s.ID, "status": strings.TrimSpace(string(s.Status) + " " + s.TaskState),
		"age": strconv.Itoa(int(age(s).Seconds())),
	}
}

// whose asks whether a server is the person's own. With nobody to ask it is not touched, and no other of
// its name is made.
func (c *call) whose(ctx context.Context, s cloud.Server) (string, error) {
	q := steps.Question{
		Kind: steps.AskAdopt, Subject: s.Name, Data: serverData(s), Choices: []string{steps.ChoiceAdopt, steps.ChoiceAnother},
	}
	if c.in.Look {
		q.Choices = q.Choices[:1]
	}
	answer, err := c.out.Ask(ctx, q)
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case err != nil || answer.Nobody:
		return "", steps.Fail(steps.FailTaken, "cause.taken", "a server called {name} is there, and Matou did not make it: {id}, {status}, made {time} ago",
			"name", s.Name, "id", s.ID, "status", s.Status, "time", age(s))
	case !answer.OK || !slices.Contains(q.Choices, answer.Text):
		return "", steps.Fail(steps.FailCanceled, "cause.left-alone", "{name} ({id}) is left as it is", "name", s.Name, "id", s.ID)
	}
	return answer.Text, nil
}

// take makes a server ours. Nova takes no metadata while it builds, so that comes after; a program that
// ends before it has changed nothing, and one that ends after it finds a server of its own.
func (c *call) take(ctx context.Context, compute Compute, s cloud.Server) (cloud.Server, error) {
	ready, err := c.waitAll(ctx, compute, []cloud.Server{s})
	if err != nil {
		return s, err
	}
	if s = ready[0]; s.Marked() {
		return s, steps.Fail(steps.FailTaken, "cause.of-another", "{name} ({id}) is of seat {seat} in workshop {workshop} by now",
			"name", s.Name, "id", s.ID, "seat", s.Metadata[cloud.MetaSeat], "workshop", s.Metadata[cloud.MetaWorkshop])
	}
	marks := c.marks()
	marks[cloud.MetaAdopted] = time.Now().UTC().Format(time.RFC3339)
	if err := compute.Mark(ctx, s.ID, marks); err != nil {
		return s, err
	}
	c.changed()
	c.show("nova", fmt.Sprintf("%s  %s was made by hand, and is this seat's from now on", s.ID, s.Name))
	return compute.Server(ctx, s.ID)
}

// spare asks about the servers that are about to go and were made by hand. Those that are to stay are let
// go of: they carry no marks any more. With nobody to ask, they stay.
func (c *call) spare(ctx context.Context, compute Compute, doomed []cloud.Server) ([]cloud.Server, error) {
	var going []cloud.Server
	for _, s := range doomed {
		if !s.Adopted() {
			going = append(going, s)
			continue
		}
		answer, err := c.out.Ask(ctx, steps.Question{
			Kind: steps.AskGiveBack, Subject: s.Name, Data: serverData(s), Choices: []string{steps.ChoiceDelete, steps.ChoiceKeep},
		})
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err == nil && answer.OK && answer.Text == steps.ChoiceDelete:
			going = append(going, s)
			continue
		case err == nil && !answer.Nobody && !answer.OK:
			return nil, steps.Fail(steps.FailCanceled, "cause.left-alone", "{name} ({id}) is left as it is", "name", s.Name, "id", s.ID)
		}
		if err := compute.Unmark(ctx, s.ID, cloud.Marks...); err != nil {
			return nil, err
		}
		c.show("nova", fmt.Sprintf("%s  %s was made by hand: it stays, and is no longer this seat's", s.ID, s.Name))
	}
	return going, nil
}
