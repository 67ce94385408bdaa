package cloud

import "errors"

// What a cloud refuses with. Errors of cloud/openstack wrap one of these, so that a caller may ask
// errors.Is without knowing HTTP; the text around it says what was asked and why it was refused.
var (
	ErrAuth        = Say(errors.New("not authenticated"), "cause.auth")          // 401: wrong or expired credentials
	ErrNoAccount   = Say(errors.New("no credentials"), "cause.no-account")       // nothing says which cloud, or as whom
	ErrForbidden   = Say(errors.New("not allowed"), "cause.forbidden")           // 403 without a quota behind it
	ErrNotFound    = Say(errors.New("not found"), "cause.not-found")             // 404, or a name nothing answers to
	ErrAmbiguous   = Say(errors.New("ambiguous name"), "cause.ambiguous")        // a name several resources carry
	ErrConflict    = Say(errors.New("conflict"), "cause.conflict")               // 409: not in this state
	ErrTooLarge    = Say(errors.New("too large"), "cause.too-large")             // 413 on a body, or user-data over the limit
	ErrQuota       = Say(errors.New("quota exceeded"), "cause.quota")            // 403 or 413 naming a quota
	ErrRateLimit   = Say(errors.New("too many requests"), "cause.rate")          // 429, after the retries it allowed
	ErrBadRequest  = Say(errors.New("request refused"), "cause.bad-request")     // 400
	ErrUnavailable = Say(errors.New("service unavailable"), "cause.unavailable") // 5xx, or no service at that address
	ErrFault       = Say(errors.New("server is in ERROR"), "cause.fault")        // the server's fault text is around it
	ErrTimeout     = Say(errors.New("deadline exceeded"), "cause.deadline")      // our own deadline, not the cloud's
	ErrCanceled    = Say(errors.New("canceled"), "cause.canceled")               // the caller's context was, not by a deadline
	ErrVanished    = Say(errors.New("server is gone"), "cause.vanished")         // deleted by somebody while we waited
	ErrDecode      = Say(errors.New("unexpected answer"), "cause.decode")        // an answer that is not the API's
)
