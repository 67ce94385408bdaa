// Package steps is the engine of a workshop: what there is to do, what was done, and what comes next.
//
// A workshop is data: [Load] reads workshop.yaml into a [Workshop] and reports every mistake it has. A
// [Step] is a list of typed actions, a list of checks that prove it, and what takes it back.
//
// Progress is a journal. The way of a key press through the package:
//
//	Start{Step}                       a Command, given to Engine.Do
//	    │ Decide                      pure: the workshop, the state, the command, the time
//	    ▼
//	[]Event, []Effect                 what is now true, and what to do about it
//	    │ Journal.Append              on disk, fsynced, before anything begins: the intent
//	    │ State.Apply                 pure: the state is what all events together say
//	    ▼
//	Executor.Execute                  package steps/action boots, logs in, checks out...
//	    │ its end is a command again: ActionDone or ActionFailed, on disk, and the next action
//	    ▼
//	Feed.Next                         whoever watches pulls all that is new, at its own pace
//
// So a program that is killed at any moment finds, at its next start, either that an action was never
// begun or that it may have happened; every kind of action looks before it makes.
//
// The files: workshop.go, kind.go, event.go, command.go, state.go name the nouns; decide.go and
// apply.go are the pure middle; engine.go, effect.go, feed.go, journal.go and log.go touch the world;
// load.go, loadworkshop.go and params.go read; vars.go fills in ${names}; redact.go and sanitize.go
// stand between what hosts say and what people see.
package steps
