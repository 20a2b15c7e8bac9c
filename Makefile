# What is checked, and how, stands in .ci/run.

.PHONY: check test demo generate

check: ## what a change must pass, beside the tests
	@.ci/run gofmt vet staticcheck race layers clean

test:
	go test ./...

demo:
	go run ./cmd/orgdns demo

generate: ## docs/configuration.md and the schema, from internal/config/fields.go
	go generate ./...
