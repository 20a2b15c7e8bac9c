package runtimeapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/orgdns/orgdns/internal/clock"
)

// TestServe: invocations in their order, with their deadlines; a response or an
// error for each.
func TestServe(t *testing.T) {
	now := clock.NewVirtual(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	queue := []string{"one", "two", "three"}
	var posted []string
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := strings.TrimPrefix(r.URL.Path, "/2018-06-01/runtime/invocation/")
		switch {
		case r.Method == http.MethodGet && path == "next" && len(queue) == 0:
			cancel()
			<-r.Context().Done()
		case r.Method == http.MethodGet && path == "next":
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", "id-"+queue[0])
			w.Header().Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(now.Now().Add(10*time.Second).UnixMilli()))
			fmt.Fprint(w, queue[0])
			queue = queue[1:]
		case r.Method == http.MethodPost:
			body, _ := io.ReadAll(r.Body)
			posted = append(posted, path+" "+r.Header.Get("Lambda-Runtime-Function-Error-Type")+" "+string(body))
			w.WriteHeader(http.StatusAccepted)
		}
	}))
	defer api.Close()
	err := Serve(ctx, now, api.Client(), strings.TrimPrefix(api.URL, "http://"), func(ctx context.Context, in []byte) ([]byte, error) {
		if _, bounded := ctx.Deadline(); !bounded {
			t.Error("an invocation has no deadline")
		}
		switch string(in) {
		case "two":
			return nil, errors.New(`it is "two"`)
		case "three":
			return make([]byte, maxPayload+1), nil
		}
		return append([]byte("got "), in...), nil
	})
	want := []string{
		"id-one/response  got one",
		`id-two/error orgdns.Error {"errorMessage":"it is \"two\"","errorType":"orgdns.Error"}`,
		fmt.Sprintf(`id-three/error orgdns.Error {"errorMessage":"the response has %d bytes; Lambda takes %d","errorType":"orgdns.Error"}`, maxPayload+1, maxPayload),
	}
	if err != nil || !slices.Equal(posted, want) {
		t.Errorf("%v, posted %q", err, posted)
	}
}

// TestServeEnds: what is no runtime API ends the function.
func TestServeEnds(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"no invocation: 500": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"without ID":         func(http.ResponseWriter, *http.Request) {},
		"was not taken: 403": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", "id")
			w.Header().Set("Lambda-Runtime-Deadline-Ms", "1")
			if r.Method == http.MethodPost {
				w.WriteHeader(http.StatusForbidden)
			}
		},
	} {
		api := httptest.NewServer(answer)
		late := false
		err := Serve(t.Context(), clock.NewVirtual(time.Unix(60, 0)), api.Client(), strings.TrimPrefix(api.URL, "http://"), func(ctx context.Context, _ []byte) ([]byte, error) {
			late = ctx.Err() != nil
			return nil, nil
		})
		if err == nil || !strings.Contains(err.Error(), name) || strings.Contains(name, "taken") != late {
			t.Errorf("%s: %v, late %v", name, err, late)
		}
		api.Close()
	}
}
