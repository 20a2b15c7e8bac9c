package world

import "github.com/orgdns/orgdns/internal/estate"

// Tags are the tags of resources that do not stand in the estate, by ARN: a
// service keeps its own there, and the Resource Groups Tagging API reads all.
var Tags = Private[estate.Tags]{Name: "world.tags"}
