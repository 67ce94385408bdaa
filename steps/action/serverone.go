package action

import (
	"context"

	"matou/steps"
)

// Delete deletes one server that this seat made, outside of any step, and returns when it is gone.
// Any other server is refused.
func (r *Registry) Delete(ctx context.Context, in steps.Input, out steps.Output, id string) error {
	res, err := deleteServers(ctx, &call{Registry: r, in: in, out: out, texts: map[string]string{"ids": id}})
	switch {
	case err != nil:
		return fail(err)
	case res.Values["count"] == "0":
		return steps.Fail(steps.FailNotFound, "cause.no-server", "there is no server {id}", "id", id)
	}
	return nil
}
