package traffic

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"matou/cloud"
)

// Bounds of one request.
const (
	bodyLimit  = 64 << 10
	headLimit  = 32 << 10
	askTimeout = 5 * time.Second
)

// ErrWay is wrapped by what a Site's Dial says when the host it starts from can't be reached: the site
// itself may be well.
var ErrWay = errors.New("no way there")

// Site is what is asked, and how an answer tells whose it is.
type Site struct {
	Number int                                                                  // among the workshop's; a snapshot repeats it
	URL    string                                                               // what is asked
	Header string                                                               // the header that names the server; empty: none does
	Match  *regexp.Regexp                                                       // what names it in the body, the first group; nil: nothing does
	Stats  string                                                               // the page of haproxy's statistics; empty: there is none
	Dial   func(ctx context.Context, network, address string) (net.Conn, error) // nil: from here
}

// client makes requests each on a connection of its own, so that a load balancer chooses anew.
func (s Site) client() *http.Client {
	dial := s.Dial
	if dial == nil {
		dial = (&net.Dialer{}).DialContext
	}
	return &http.Client{
		Transport:     &http.Transport{DialContext: dial, DisableKeepAlives: true, Proxy: nil, MaxResponseHeaderBytes: headLimit},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// reply is the beginning of an answer.
type reply struct {
	status int
	head   http.Header
	body   string
}

// get makes one request and reads the answer's beginning.
func (s Site) get(ctx context.Context, url string, limit int64) (reply, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return reply{}, err
	}
	client := s.client()
	defer client.CloseIdleConnections()
	resp, err := client.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, limit))
	return reply{resp.StatusCode, resp.Header, string(body)}, err
}

// ask makes one request and says who answered.
func (s Site) ask(ctx context.Context) cloud.Answer {
	began := time.Now()
	r, err := s.get(ctx, s.URL, bodyLimit)
	a := cloud.Answer{At: time.Now()}
	a.Took = a.At.Sub(began)
	switch {
	case err != nil:
		a.Kind, a.Detail = kindOf(err)
	case r.status < 200 || r.status > 299:
		a.Kind, a.Detail = cloud.TroubleStatus, strings.TrimSpace(strconv.Itoa(r.status)+" "+http.StatusText(r.status))
	default:
		a.Who = clip(s.who(r.head, r.body))
	}
	return a
}

// who is the name an answer gives; empty when it gives none.
func (s Site) who(head http.Header, body string) string {
	if s.Header != "" {
		if name := head.Get(s.Header); name != "" {
			return name
		}
	}
	if s.Match != nil {
		if m := s.Match.FindStringSubmatch(body); m != nil {
			return m[min(1, len(m)-1)]
		}
	}
	return ""
}

// kindOf says in which way a request failed. Behind a tunnel an error has only its words left: those
// of the system at the other end.
func kindOf(err error) (kind cloud.TroubleKind, detail string) {
	text := strings.ToLower(err.Error())
	var timeout net.Error
	switch {
	case errors.Is(err, ErrWay):
		return cloud.TroubleWay, clip(strings.TrimPrefix(cause(err), ErrWay.Error()+": "))
	case errors.Is(err, syscall.ECONNREFUSED), strings.Contains(text, "refused"):
		return cloud.TroubleRefused, ""
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout(), strings.Contains(text, "timed out"):
		return cloud.TroubleTimeout, ""
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET),
		strings.Contains(text, "connection reset"), strings.Contains(text, "forcibly closed"),
		strings.Contains(text, "server closed idle connection"): // before the request was out
		return cloud.TroubleEmpty, ""
	}
	return cloud.TroubleOther, clip(cause(err))
}

// cause is an error without the method and the address net/http puts in front.
func cause(err error) string {
	for {
		var op interface{ Unwrap() error }
		if !errors.As(err, &op) || !strings.HasPrefix(err.Error(), "Get ") {
			return err.Error()
		}
		err = op.Unwrap()
	}
}

// stats reads the load balancer's statistics.
func (s Site) stats(ctx context.Context) ([]cloud.ProxyRow, error) {
	r, err := s.get(ctx, statsCSV(s.Stats), maxStats)
	if err != nil {
		return nil, err
	}
	if r.status != http.StatusOK {
		return nil, fmt.Errorf("%d %s", r.status, http.StatusText(r.status))
	}
	return ParseStats(strings.NewReader(r.body))
}

// statsCSV is where HAProxy gives the statistics of a page as CSV: at the same address, with ";csv"
// behind it.
func statsCSV(page string) string { return page + ";csv" }
