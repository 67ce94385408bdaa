package openstack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gophercloud/gophercloud/v2"
)

// maxPages ends a listing whose pages lead back to each other.
const maxPages = 200

var errShape = errors.New("a part of it is missing")

// list gets all pages of a listing. Only the query of a link to the next page is taken over: some
// clouds give it an address that nobody outside can reach, and the token goes to no other place.
func list[T any](ctx context.Context, sc *gophercloud.ServiceClient, address, key string) ([]T, error) {
	var all []T
	seen := map[string]bool{}
	for range maxPages {
		var page map[string]json.RawMessage
		if _, err := sc.Get(ctx, address, &page, nil); err != nil {
			return nil, err
		}
		raw, ok := page[key]
		if !ok {
			return nil, fmt.Errorf("%w: %s", errShape, key)
		}
		var items []T
		if err := json.Unmarshal(raw, &items); err != nil {
			return nil, err
		}
		all = append(all, items...)
		query := nextQuery(page, key)
		if query == "" || len(items) == 0 || seen[query] {
			return all, nil
		}
		seen[query] = true
		address, _, _ = strings.Cut(address, "?")
		address += "?" + query
	}
	return all, nil
}

// nextQuery finds the query of the next page: in servers_links, flavors_links and so on (Nova,
// Neutron), or in next (Glance).
func nextQuery(page map[string]json.RawMessage, key string) string {
	var next string
	var links []struct{ Rel, Href string }
	if json.Unmarshal(page["next"], &next) != nil && json.Unmarshal(page[key+"_links"], &links) == nil {
		for _, l := range links {
			if l.Rel == "next" {
				next = l.Href
			}
		}
	}
	u, err := url.Parse(next)
	if err != nil {
		return ""
	}
	return u.RawQuery
}

// getRaw gets one resource as the text the service sent, whose order of keys matters to nova show.
func getRaw(ctx context.Context, sc *gophercloud.ServiceClient, address, key string) (json.RawMessage, error) {
	var envelope map[string]json.RawMessage
	if _, err := sc.Get(ctx, address, &envelope, &gophercloud.RequestOpts{OkCodes: []int{http.StatusOK, http.StatusNonAuthoritativeInfo}}); err != nil {
		return nil, err
	}
	raw, ok := envelope[key]
	if !ok {
		return nil, fmt.Errorf("%w: %s", errShape, key)
	}
	return raw, nil
}

// cacheFor is how long a listing of flavors, images or networks is believed. A name that is not
// in it makes it be asked for again at once.
const cacheFor = 5 * time.Minute

// cache keeps one listing. The client's mutex guards it.
type cache[T any] struct {
	items []T
	at    time.Time // zero: never filled
}

func (c *cache[T]) fresh() bool { return !c.at.IsZero() && time.Since(c.at) < cacheFor }

func (c *cache[T]) fill(items []T) { c.items, c.at = slices.Clone(items), time.Now() }

// add puts in one item that a listing didn't have, unless it is there.
func (c *cache[T]) add(item T, same func(T) bool) {
	if !slices.ContainsFunc(c.items, same) {
		c.items = append(c.items, item)
	}
}

// plainID tells whether id may be put into a path: an empty one would name the whole collection,
// and one made of dots another resource.
func plainID(id string) bool {
	return id != "" && strings.Trim(id, ".") != "" && len(id) <= 255
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
