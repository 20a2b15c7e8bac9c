package twin_test

import (
	"context"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/orgdns/orgdns/internal/twin"
)

// A server ends with its context, and leaves no goroutine behind.
func TestServer(t *testing.T) {
	before := runtime.NumGoroutine()
	ctx, cancel := context.WithCancel(t.Context())
	server, err := twin.Server{Listen: "127.0.0.1:0"}.Start(ctx)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{}}
	for _, path := range []string{"calls", "resolvers"} {
		answer, err := client.Get(server.URL + "/_twin/" + path)
		if err != nil {
			t.Fatal(err)
		}
		if answer.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", path, answer.Status)
		}
		if err := answer.Body.Close(); err != nil {
			t.Error(err)
		}
	}
	client.CloseIdleConnections()
	cancel()
	if err := server.Wait(); err != nil {
		t.Error(err)
	}
	for range 200 { // connections end a moment after their server
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	stacks := make([]byte, 1<<16)
	t.Errorf("%d goroutines before, %d after\n%s", before, runtime.NumGoroutine(), stacks[:runtime.Stack(stacks, true)])
}

func TestServerRefusesToListenAnywhere(t *testing.T) {
	for _, address := range []string{":0", "0.0.0.0:0", "[::]:0", "192.0.2.1:0", "example.com:80"} {
		if _, err := (twin.Server{Listen: address}).Start(t.Context()); err == nil || !strings.Contains(err.Error(), "not a loopback address") {
			t.Errorf("%s: %v", address, err)
		}
	}
	if _, err := (twin.Server{Listen: "localhost"}).Start(t.Context()); err == nil {
		t.Error("an address without a port is accepted")
	}
}

// started is a server that runs until the test ends.
func started(t *testing.T, s twin.Server) *twin.Running {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	server, err := s.Start(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		if err := server.Wait(); err != nil {
			t.Error(err)
		}
	})
	return server
}

// post asks the admin interface for a change.
func post(t *testing.T, url, what, body string) {
	t.Helper()
	answer, err := http.Post(url+"/_twin/"+what, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s", what, answer.Status)
	}
}
