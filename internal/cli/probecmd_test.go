package cli_test

import (
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// Commands of scripts about the probe.

// resolver FROM VARIABLE: puts the address of the twin's resolver of a VPC, or
// "internet", into a variable.
func resolverOf(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: resolver FROM VARIABLE")
	}
	raw, err := admin(twinOf(ts).url, http.MethodGet, "resolvers", "")
	ts.Check(err)
	var resolvers []struct{ VPC, UDP string }
	ts.Check(json.Unmarshal(raw, &resolvers))
	for _, r := range resolvers {
		if r.VPC == args[0] {
			ts.Setenv(args[1], r.UDP)
			return
		}
	}
	ts.Fatalf("there is no resolver of %s", args[0])
}

// server VARIABLE: starts an HTTPS server on loopback whose certificate is for
// example.com, and puts its port into a variable. The script's programs trust it.
func server(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: server VARIABLE")
	}
	s := httptest.NewTLSServer(http.NotFoundHandler())
	ts.Defer(s.Close)
	s.Config.ErrorLog = nil
	_, port, err := net.SplitHostPort(s.Listener.Addr().String())
	ts.Check(err)
	roots := ts.MkAbs("roots.pem")
	ts.Check(os.WriteFile(roots, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600))
	ts.Setenv(args[0], port)
	ts.Setenv("SSL_CERT_FILE", roots)
	ts.Setenv("SSL_CERT_DIR", ts.MkAbs("."))
}

// expand FILE: puts the values of variables into a file.
func expand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: expand FILE")
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(os.Expand(ts.ReadFile(args[0]), ts.Getenv)), 0o600))
}

// lambdaAPI is Lambda's runtime API in a script.
type lambdaAPI struct {
	mu     sync.Mutex
	events []string
	posted []string
}

// runtime FILE...: starts a runtime API that has the files as events, and sets
// AWS_LAMBDA_RUNTIME_API.
func runtimeAPI(ts *testscript.TestScript, neg bool, files []string) {
	if neg {
		ts.Fatalf("usage: runtime FILE...")
	}
	api := &lambdaAPI{}
	for _, f := range files {
		api.events = append(api.events, ts.ReadFile(f))
	}
	s := httptest.NewServer(api)
	ts.Defer(s.Close)
	ts.Setenv("AWS_LAMBDA_RUNTIME_API", strings.TrimPrefix(s.URL, "http://"))
	twinOf(ts).lambda = api
}

func (l *lambdaAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if r.Method == http.MethodPost {
		body, _ := io.ReadAll(r.Body)
		l.posted = append(l.posted, r.URL.Path+" "+string(body))
		w.WriteHeader(http.StatusAccepted)
		return
	}
	if len(l.events) == 0 { // Lambda would freeze the process; the script ends it
		w.WriteHeader(http.StatusGone)
		return
	}
	w.Header().Set("Lambda-Runtime-Aws-Request-Id", strconv.Itoa(len(l.posted)))
	w.Header().Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(time.Now().Add(10*365*24*time.Hour).UnixMilli()))
	fmt.Fprint(w, l.events[0])
	l.events = l.events[1:]
}

// posted: prints what the function gave to the runtime API.
func posted(ts *testscript.TestScript, neg bool, args []string) {
	api := twinOf(ts).lambda
	if neg || len(args) != 0 || api == nil {
		ts.Fatalf("usage: posted, after runtime")
	}
	api.mu.Lock()
	defer api.mu.Unlock()
	for _, p := range api.posted {
		fmt.Fprintln(ts.Stdout(), p)
	}
}
