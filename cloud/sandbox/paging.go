package sandbox

import (
	"net/http"
	"net/url"
	"strconv"
)

// maxPage is how many items a listing holds at most, whatever the limit says.
const maxPage = 1000

// pageOf cuts a listing as limit and marker of the query say. next is the query of the page that
// follows, "" when there is none.
func pageOf[T any](c *call, list []T, id func(T) string) (page []T, next string, bad *reply) {
	q := c.URL.Query()
	limit := maxPage
	if text := q.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			rep := fail(http.StatusBadRequest, "Invalid input for query parameters limit. Value: %s. %s does not match '^[0-9]*$'",
				clip(text), pyString(clip(text)))
			return nil, "", &rep
		}
		limit = min(n, maxPage)
	}
	if limit == 0 {
		limit = maxPage
	}
	if marker := q.Get("marker"); marker != "" {
		found := false
		for i, item := range list {
			if id(item) == marker {
				list, found = list[i+1:], true
				break
			}
		}
		if !found {
			rep := fail(http.StatusBadRequest, "marker [%s] not found", clip(marker))
			return nil, "", &rep
		}
	}
	if len(list) < limit {
		return list, "", nil
	}
	// A full page has a link although nothing may follow: Nova does not look ahead.
	page = list[:limit]
	follow := url.Values{}
	for k, v := range q {
		follow[k] = v
	}
	follow.Set("marker", id(page[limit-1]))
	return page, follow.Encode(), nil
}
