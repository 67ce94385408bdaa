package action

import (
	"context"
	"errors"

	"matou/cloud"
	"matou/steps"
)

// kindsOf maps what a cloud refuses with to the kind of failure, and so to a remedy.
var kindsOf = []struct {
	err  error
	kind string
}{
	{cloud.ErrAuth, steps.FailAuth},
	{cloud.ErrNoAccount, steps.FailAccount},
	{cloud.ErrQuota, steps.FailQuota},
	{cloud.ErrForbidden, steps.FailForbidden},
	{cloud.ErrNotFound, steps.FailNotFound},
	{cloud.ErrVanished, steps.FailNotFound},
	{cloud.ErrAmbiguous, steps.FailAmbiguous},
	{cloud.ErrConflict, steps.FailConflict},
	{cloud.ErrTooLarge, steps.FailTooLarge},
	{cloud.ErrRateLimit, steps.FailRate},
	{cloud.ErrFault, steps.FailFault},
	{cloud.ErrTimeout, steps.FailTimeout},
	{cloud.ErrBadRequest, steps.FailValue},
	{cloud.ErrDecode, steps.FailUnavailable},
	{cloud.ErrUnavailable, steps.FailUnavailable},
	{context.DeadlineExceeded, steps.FailTimeout},
}

// fail gives an error its kind, if it has none yet.
func fail(err error) error {
	var f *steps.Failure
	if errors.As(err, &f) {
		return err
	}
	for _, k := range kindsOf {
		if errors.Is(err, k.err) {
			return &steps.Failure{Kind: k.kind, Cause: err.Error(), Err: err}
		}
	}
	return err
}
