package openstack

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"

	"github.com/gophercloud/gophercloud/v2"

	"matou/cloud"
)

// refusal is why a request failed: the sentinel of package cloud, and the reason in words. Its
// text reads "boot web-1: quota exceeded: cores: Requested 4, but already used 18 of 20 cores".
type refusal struct {
	op     string
	kind   error
	reason string
	key    string   // of the text that says the reason in other languages; empty: none
	pairs  []string // its values
	status int      // of HTTP; 0 when nothing answered
	cause  error    // what the context said; nil unless it ended
}

func (r *refusal) Error() string {
	text := r.op + ": " + r.kind.Error()
	if r.reason != "" {
		text += ": " + r.reason
	}
	return text
}

func (r *refusal) Unwrap() []error {
	if r.cause == nil {
		return []error{r.kind}
	}
	return []error{r.kind, r.cause}
}

// refuse words an error of our own in the same way.
func refuse(op string, kind error, format string, args ...any) error {
	return &refusal{op: op, kind: kind, reason: fmt.Sprintf(format, args...)}
}

// explain turns what gophercloud or net/http failed with into a [refusal]. No body and no URL gets
// through, only the message inside the body; secrets in it are blotted out.
func (c *Client) explain(op string, err error) error {
	if err == nil {
		return nil
	}
	var done *refusal
	if errors.As(err, &done) {
		return err
	}
	r := &refusal{op: op}
	var code gophercloud.ErrUnexpectedResponseCode
	var reauth *gophercloud.ErrUnableToReauthenticate
	switch {
	case errors.As(err, &reauth):
		var inner gophercloud.ErrUnexpectedResponseCode
		if !errors.As(reauth.ErrReauth, &inner) {
			return c.explain(op, reauth.ErrReauth)
		}
		r.status, r.kind = inner.Actual, sentinel(inner.Actual, "")
		r.reason = "the token has expired and logging in again failed: " + message(inner.Body) + c.clockHint()
	case errors.As(err, &code):
		r.status = code.Actual
		r.reason = message(code.Body)
		r.kind = sentinel(code.Actual, r.reason)
		if errors.Is(r.kind, cloud.ErrQuota) {
			r.reason = strings.TrimPrefix(r.reason, "Quota exceeded for ")
		}
		if r.reason == "" {
			r.reason = strings.ToLower(fmt.Sprintf("HTTP %d %s", code.Actual, http.StatusText(code.Actual)))
		}
	default:
		var why wording
		r.kind, why = explainTransport(err)
		r.reason, r.key, r.pairs = why.text, why.key, why.pairs
		r.cause = contextCause(err)
	}
	r.reason = c.redact(r.reason)
	for i, value := range r.pairs { // the same text, in pieces
		r.pairs[i] = c.redact(value)
	}
	return r
}

// redact blots the secrets of this session out of text.
func (c *Client) redact(text string) string {
	for _, s := range append(c.credentials.secrets(), c.Token()) {
		if s != "" {
			text = strings.ReplaceAll(text, s, "***")
		}
	}
	return text
}

// sentinel is the error of package cloud for an HTTP status. Quotas are refused with 403 by Nova,
// 409 by Neutron and 413 by Glance and old Novas: the message tells them apart.
func sentinel(status int, message string) error {
	quota := strings.Contains(strings.ToLower(message), "quota")
	switch status {
	case http.StatusUnauthorized:
		return cloud.ErrAuth
	case http.StatusForbidden, http.StatusConflict, http.StatusRequestEntityTooLarge:
		if quota {
			return cloud.ErrQuota
		}
		return map[int]error{403: cloud.ErrForbidden, 409: cloud.ErrConflict, 413: cloud.ErrTooLarge}[status]
	case http.StatusNotFound, http.StatusGone:
		return cloud.ErrNotFound
	case http.StatusTooManyRequests:
		return cloud.ErrRateLimit
	case http.StatusRequestTimeout, http.StatusGatewayTimeout:
		return cloud.ErrTimeout
	}
	switch {
	case status >= 500:
		return cloud.ErrUnavailable
	case status >= 400:
		return cloud.ErrBadRequest
	}
	return cloud.ErrDecode
}

func contextCause(err error) error {
	for _, cause := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, cause) {
			return cause
		}
	}
	return nil
}

// explainTransport names what kept a request from being answered.
func explainTransport(err error) (kind error, why wording) {
	var address string
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		if u, parseErr := url.Parse(wrapped.URL); parseErr == nil {
			address = u.Host
		}
	}
	var dns *net.DNSError
	var timeout net.Error
	var missing *gophercloud.ErrEndpointNotFound
	switch {
	case errors.Is(err, context.Canceled):
		return cloud.ErrCanceled, wording{text: "before " + firstOf(address, "the cloud") + " answered"}
	case errors.As(err, &dns):
		if dns.IsTimeout {
			return cloud.ErrTimeout, inWords("cause.slow-name", "looking up the name {name} took too long", "name", dns.Name)
		}
		return cloud.ErrUnavailable, inWords("cause.no-name", "no address is known for {name} (DNS)", "name", dns.Name)
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return cloud.ErrTimeout, inWords("cause.silent-cloud", "no answer from {address} in time", "address", firstOf(address, "the cloud"))
	case errors.Is(err, syscall.ECONNREFUSED), strings.Contains(err.Error(), "refused"):
		return cloud.ErrUnavailable, inWords("cause.refused-by", "connection to {address} refused: nothing listens there", "address", address)
	case errors.Is(err, syscall.ECONNRESET), wrapped != nil && errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF),
		strings.Contains(err.Error(), "forcibly closed"):
		return cloud.ErrUnavailable, inWords("cause.reset-by", "connection to {address} reset", "address", firstOf(address, "the cloud"))
	case errors.As(err, &missing):
		return cloud.ErrUnavailable, wording{text: "not in the service catalog"}
	}
	if reason := explainTLS(err); reason != "" {
		return cloud.ErrUnavailable, wording{text: "TLS with " + address + ": " + reason}
	}
	if isDecode(err) {
		return cloud.ErrDecode, wording{text: "the answer is not the API's: " + shorten(err.Error())}
	}
	if wrapped != nil {
		return cloud.ErrUnavailable, wording{text: address + ": " + shorten(wrapped.Err.Error())}
	}
	return cloud.ErrBadRequest, wording{text: shorten(err.Error())}
}

func explainTLS(err error) string {
	var (
		authority x509.UnknownAuthorityError
		hostname  x509.HostnameError
		invalid   x509.CertificateInvalidError
		verify    *tls.CertificateVerificationError
		record    tls.RecordHeaderError
		alert     tls.AlertError
	)
	switch {
	case errors.As(err, &authority):
		return "certificate signed by an unknown authority (cacert names one)"
	case errors.As(err, &hostname):
		return "certificate is for another name"
	case errors.As(err, &invalid):
		if invalid.Reason == x509.Expired {
			return "certificate is expired or not yet valid: is the clock of this machine right?"
		}
		return "certificate is not valid"
	case errors.As(err, &verify):
		return "certificate can't be verified"
	case errors.As(err, &record), strings.Contains(err.Error(), "HTTP response to HTTPS client"):
		return "that is no TLS service; should the address begin with http://?"
	case errors.As(err, &alert):
		return shorten(alert.Error())
	}
	return ""
}

func isDecode(err error) bool {
	var syntaxError *json.SyntaxError
	var typeError *json.UnmarshalTypeError
	var key gophercloud.ErrMissingResourceKey
	var keyPointer *gophercloud.ErrMissingResourceKey
	return errors.As(err, &syntaxError) || errors.As(err, &typeError) || errors.As(err, &key) ||
		errors.As(err, &keyPointer) || errors.Is(err, errTooLong) || errors.Is(err, errShape) || errors.Is(err, io.EOF)
}
