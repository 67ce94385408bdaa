package action

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"matou/steps"
)

var httpKinds = []kind{
	{
		schema: steps.Schema{
			Kind: "http.get", Timeout: 30 * time.Second, Results: []string{"body", "status"},
			Fields: map[string]steps.Field{
				"url":      {Type: steps.FieldString, Required: true},
				"via":      {Type: steps.FieldHop},
				"status":   {Type: steps.FieldList},
				"match":    {Type: steps.FieldPattern},
				"contains": {Type: steps.FieldString},
			},
		},
		run: getHTTP, words: func(c *call) string { return "curl -i " + quote(c.texts["url"]) },
	},
	{
		schema: steps.Schema{
			Kind: "http.tally", Timeout: 2 * time.Minute, Results: []string{"answers"},
			Fields: map[string]steps.Field{
				"url":      {Type: steps.FieldString, Required: true},
				"via":      {Type: steps.FieldHop},
				"requests": {Type: steps.FieldInt, Required: true},
				"distinct": {Type: steps.FieldInt, Required: true},
				"match":    {Type: steps.FieldPattern, Required: true},
			},
		},
		run: tally, words: tallyWords,
	},
	{
		schema: steps.Schema{
			Kind: "tcp.open", Timeout: 30 * time.Second,
			Fields: map[string]steps.Field{
				"address": {Type: steps.FieldString, Required: true},
				"via":     {Type: steps.FieldHop},
			},
		},
		run: dialTCP, words: func(c *call) string {
			at := max(0, strings.LastIndexByte(c.texts["address"], ':')) // an IPv6 address has colons of its own
			host, port := c.texts["address"][:at], strings.TrimPrefix(c.texts["address"][at:], ":")
			return fmt.Sprintf("nc -vz %s %s", strings.Trim(host, "[]"), port)
		},
	},
}

func tallyWords(c *call) string {
	return fmt.Sprintf("for i in $(seq %s); do curl -s %s; done", c.texts["requests"], quote(c.texts["url"]))
}

// Bounds of one request: a web page of the workshop is small and near.
const (
	bodyLimit   = 64 << 10
	httpTimeout = 10 * time.Second
)

// dialer reaches addresses as the hop via would: from here when there is none, or it is here.
func (c *call) dialer(ctx context.Context) (Dial, error) {
	via := c.texts["via"]
	if via == "" || c.isHere(via) {
		return (&net.Dialer{Timeout: httpTimeout}).DialContext, nil
	}
	host, err := c.open(ctx, via)
	if err != nil {
		return nil, err
	}
	return host.DialContext, nil
}

// bracketed puts brackets around an IPv6 address in a URL or in host:port: a workshop writes
// ${web.address}:80 whatever the address turns out to be.
func bracketed(url string) string {
	scheme, rest, found := strings.Cut(url, "://")
	if !found {
		scheme, rest = "", url
	} else {
		scheme += "://"
	}
	host, path := rest, ""
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		host, path = rest[:i], rest[i:]
	}
	colon := strings.LastIndexByte(host, ':')
	if strings.Count(host, ":") < 2 || strings.ContainsAny(host, "[@") {
		return url
	}
	if _, err := netip.ParseAddr(host[:colon]); err != nil { // there is no port
		return scheme + "[" + host + "]" + path
	}
	return scheme + "[" + host[:colon] + "]" + host[colon:] + path
}

// fetch makes one request on a connection of its own, so that a load balancer chooses anew.
func fetch(ctx context.Context, dial Dial, url string) (status int, body string, err error) {
	ctx, cancel := context.WithTimeout(ctx, httpTimeout)
	defer cancel()
	transport := &http.Transport{DialContext: dial, DisableKeepAlives: true, Proxy: nil}
	defer transport.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, "", steps.Failf(steps.FailValue, "get %s: %w", url, err)
	}
	client := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	switch {
	case errors.Is(err, io.EOF), err != nil && strings.Contains(err.Error(), "server closed idle connection"): // at once, or before the request was out
		return 0, "", steps.Fail(steps.FailCheck, "cause.get-empty", "get {url}: an empty reply: something listens, and has nothing behind it yet", "url", url)
	case err != nil:
		return 0, "", steps.Fail(steps.FailUnreachable, "cause.get", "get {url}", "url", url, err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, bodyLimit))
	if err != nil {
		return resp.StatusCode, "", steps.Fail(steps.FailLost, "cause.get", "get {url}", "url", url, err)
	}
	return resp.StatusCode, string(data), nil
}

func getHTTP(ctx context.Context, c *call) (steps.Result, error) {
	dial, err := c.dialer(ctx)
	if err != nil {
		return steps.Result{}, err
	}
	url := bracketed(c.texts["url"])
	status, body, err := fetch(ctx, dial, url)
	if err != nil {
		return steps.Result{}, err
	}
	c.show("http", fmt.Sprintf("%s: %d %s", url, status, http.StatusText(status)))
	if c.in.Phase != steps.PhaseCheck {
		c.show("http", strings.Split(strings.TrimSpace(body), "\n")...)
	}
	wanted := c.lists["status"]
	if wanted == nil {
		wanted = []string{"200"}
	}
	if !slices.Contains(wanted, strconv.Itoa(status)) {
		return steps.Result{}, steps.Fail(steps.FailCheck, "cause.get-status", "get {url}: {status}, not {wanted}", "url", url, "status", status, "wanted", strings.Join(wanted, "/"))
	}
	if want := c.texts["contains"]; want != "" && !strings.Contains(body, want) {
		return steps.Result{}, steps.Fail(steps.FailCheck, "cause.get-lacks", "get {url}: the page does not say {text}", "url", url, "text", strconv.Quote(want))
	}
	if c.texts["match"] != "" {
		if _, err := matchText(c, url, body); err != nil {
			return steps.Result{}, err
		}
	}
	return steps.Result{
		Values:  map[string]string{"body": body, "status": strconv.Itoa(status)},
		Summary: fmt.Sprintf("%d %s", status, http.StatusText(status)),
	}, nil
}

// tally asks many times and counts who answered: proof that a load balancer shares its work.
func tally(ctx context.Context, c *call) (steps.Result, error) {
	requests, err1 := c.number("requests", 0)
	distinct, err2 := c.number("distinct", 0)
	re, err3 := regexp.Compile(c.texts["match"])
	if err := errors.Join(err1, err2, err3); err != nil {
		return steps.Result{}, steps.Failf(steps.FailValue, "http.tally: %w", err)
	}
	dial, err := c.dialer(ctx)
	if err != nil {
		return steps.Result{}, err
	}
	counts := map[string]int{}
	for range requests {
		status, body, err := fetch(ctx, dial, bracketed(c.texts["url"]))
		if err != nil {
			return steps.Result{}, err
		}
		who := "?"
		if m := re.FindStringSubmatch(body); m != nil && status == http.StatusOK {
			who = m[min(1, len(m)-1)] // the first group, or all when there is none
		}
		counts[who]++
		c.show("http", fmt.Sprintf("%s → %s", c.texts["url"], who))
	}
	answers := counted(counts)
	c.show("http", answers)
	delete(counts, "?")
	if len(counts) < distinct {
		return steps.Result{}, steps.Fail(steps.FailCheck, "cause.tally", "{n} of {all} servers answered: {answers}", "n", len(counts), "all", distinct, "answers", answers)
	}
	return steps.Result{Values: map[string]string{"answers": answers}, Summary: answers}, nil
}

func counted(counts map[string]int) string {
	var parts []string
	for who, n := range counts {
		parts = append(parts, fmt.Sprintf("%s ×%d", who, n))
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}

func dialTCP(ctx context.Context, c *call) (steps.Result, error) {
	dial, err := c.dialer(ctx)
	if err != nil {
		return steps.Result{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, httpTimeout)
	defer cancel()
	conn, err := dial(ctx, "tcp", bracketed(c.texts["address"]))
	if err != nil {
		return steps.Result{}, steps.Fail(steps.FailUnreachable, "cause.connect", "connect to {address}", "address", c.texts["address"], err)
	}
	_ = conn.Close() // it was open: that is all
	return steps.Result{Summary: c.texts["address"]}, nil
}
