package cloud

import "errors"

// What a cloud refuses with. Errors of cloud/openstack wrap one of these, so that a caller may ask
// errors.Is without knowing HTTP; the text around it says what was asked and why it was refused.
var (
	ErrAuth        = errors.New("not authenticated")   // 401: wrong or expired credentials
	ErrNoAccount   = errors.New("no credentials")      // nothing says which cloud, or as whom
	ErrForbidden   = errors.New("not allowed")         // 403 without a quota behind it
	ErrNotFound    = errors.New("not found")           // 404, or a name nothing answers to
	ErrAmbiguous   = errors.New("ambiguous name")      // a name several resources carry
	ErrConflict    = errors.New("conflict")            // 409: not in this state
	ErrTooLarge    = errors.New("too large")           // 413 on a body, or user-data over the limit
	ErrQuota       = errors.New("quota exceeded")      // 403 or 413 naming a quota
	ErrRateLimit   = errors.New("too many requests")   // 429, after the retries it allowed
	ErrBadRequest  = errors.New("request refused")     // 400
	ErrUnavailable = errors.New("service unavailable") // 5xx, or no service at that address
	ErrFault       = errors.New("server is in ERROR")  // the server's fault text is around it
	ErrTimeout     = errors.New("deadline exceeded")   // our own deadline, not the cloud's
	ErrCanceled    = errors.New("canceled")            // the caller's context was, not by a deadline
	ErrVanished    = errors.New("server is gone")      // deleted by somebody while we waited
	ErrDecode      = errors.New("unexpected answer")   // an answer that is not the API's
)
