package openstack

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"matou/cloud"
)

// maxStumbles is how many looks in a row may fail before a wait gives up. With the pauses between
// them that is about half a minute of a cloud that is away.
const maxStumbles = 8

// Wait follows a server until it is ACTIVE and nothing more is being done to it. Seen is called
// with each look, and may be nil. The error is [cloud.ErrFault], with the fault's text, when the
// server went to ERROR; [cloud.ErrVanished] when it was deleted meanwhile; [cloud.ErrConflict]
// when somebody stopped it; [cloud.ErrTimeout] and ctx's error when ctx ended. The server of the
// last look is returned with an error too. A cloud that can't be reached for a few looks, or is
// too busy, is borne with; a token that expires is renewed.
func (c *Client) Wait(ctx context.Context, id string, seen func(cloud.Server)) (cloud.Server, error) {
	var stopped int
	return c.follow(ctx, "wait for server "+cloud.Clean(id), id, seen, func(s cloud.Server) (bool, error) {
		op := "wait for " + firstOf(s.Name, s.ID)
		switch {
		case s.Status == cloud.StatusError && s.TaskState == "":
			return true, because(op, cloud.ErrFault, faultText(s.Fault))
		case s.Status == cloud.StatusActive && s.TaskState == "":
			return true, nil
		case s.Status == cloud.StatusDeleted, s.Status == "SOFT_DELETED":
			return true, because(op, cloud.ErrVanished, inWords("cause.its-status", "its status is {status}", "status", string(s.Status)))
		case slices.Contains(atRest, s.Status) && s.TaskState == "":
			// One look may fall between two tasks of a reboot.
			if stopped++; stopped >= 3 {
				return true, because(op, cloud.ErrConflict, inWords("cause.stopped", "its status is {status}, somebody stopped it", "status", string(s.Status)))
			}
			return false, nil
		}
		stopped = 0
		return false, nil
	})
}

// atRest are the statuses that no server leaves by itself. See
// https://docs.openstack.org/api-guide/compute/server_concepts.html.
var atRest = []cloud.Status{cloud.StatusShutoff, "PAUSED", "SUSPENDED", "SHELVED", "SHELVED_OFFLOADED", "RESCUE"}

// WaitGone follows a server that is being deleted until it is gone. The error is [cloud.ErrFault]
// when the deletion failed.
func (c *Client) WaitGone(ctx context.Context, id string) error {
	var failed int
	_, err := c.follow(ctx, "wait for the end of server "+cloud.Clean(id), id, nil, func(s cloud.Server) (bool, error) {
		switch {
		case s.Status == cloud.StatusDeleted, s.Status == "SOFT_DELETED":
			return true, nil
		case s.Status == cloud.StatusError && s.TaskState == "":
			// A server that had failed before looks like this until its deletion begins.
			if failed++; failed >= 5 {
				return true, because("wait for the end of "+s.Name, cloud.ErrFault, faultText(s.Fault))
			}
		}
		return false, nil
	})
	if errors.Is(err, cloud.ErrVanished) {
		return nil
	}
	return err
}

// follow looks at a server again and again until done says so.
func (c *Client) follow(ctx context.Context, op, id string, seen func(cloud.Server), done func(cloud.Server) (bool, error)) (cloud.Server, error) {
	var last cloud.Server
	start, stumbles := time.Now(), 0
	for {
		s, err := c.server(ctx, op, id)
		switch {
		case ctx.Err() != nil:
			return last, c.outOfTime(ctx, op, last, time.Since(start))
		case err == nil:
			last, stumbles = s, 0
			if seen != nil {
				seen(s)
			}
			if end, err := done(s); end {
				return s, err
			}
		case errors.Is(err, cloud.ErrNotFound):
			if !plainID(id) {
				return last, err
			}
			return last, because(op, cloud.ErrVanished, lastSeen(last, "cause.was-deleted", "it was deleted"))
		case !passing(err) || stumbles >= maxStumbles:
			return last, err
		default:
			stumbles++
		}
		pause := c.options.Poll(time.Since(start)) * time.Duration(1+stumbles)
		if sleep(ctx, pause) != nil {
			return last, c.outOfTime(ctx, op, last, time.Since(start))
		}
	}
}

// passing tells whether an error may be gone at the next look.
func passing(err error) bool {
	for _, kind := range []error{cloud.ErrUnavailable, cloud.ErrTimeout, cloud.ErrRateLimit, cloud.ErrDecode} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

// outOfTime words the end of ctx: the deadline, or somebody's cancelling.
func (c *Client) outOfTime(ctx context.Context, op string, last cloud.Server, took time.Duration) error {
	r := &refusal{op: op, kind: cloud.ErrTimeout, cause: ctx.Err()}
	if errors.Is(ctx.Err(), context.Canceled) {
		r.kind = cloud.ErrCanceled
	}
	why := lastSeen(last, "cause.after", "after {time}", "time", took.Round(100*time.Millisecond).String())
	r.reason, r.key, r.pairs = why.text, why.key, why.pairs
	return r
}

// lastSeen adds to a reason how a server stood when it was last seen, if it was.
func lastSeen(s cloud.Server, key, sentence string, pairs ...string) wording {
	if s.Status == "" {
		return inWords(key, sentence, pairs...)
	}
	status := string(s.Status)
	if s.TaskState != "" {
		status += " (" + s.TaskState + ")"
	}
	return inWords(key+"-seen", sentence+", it was {status}", append(pairs, "status", status)...)
}

func faultText(f *cloud.Fault) wording {
	if f == nil || f.Message == "" {
		return inWords("cause.no-reason", "the cloud gives no reason")
	}
	if f.Code != 0 && f.Code != 500 {
		return wording{text: fmt.Sprintf("%s (%d)", f.Message, f.Code)}
	}
	return wording{text: f.Message}
}
