package route53

import (
	"context"
	_ "embed"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/orgdns/orgdns/internal/twin/world"
)

// geolocations.txt has the default, the countries of ISO 3166-1 alpha-2 (from
// the tz database's iso3166.tab, which is in the public domain) and the states
// of the United States, the only subdivisions (API_GeoLocation). Names may
// differ from AWS's in wording.
//
//go:embed geolocations.txt
var geoTable string

var continents = []struct{ code, name string }{
	{"AF", "Africa"}, {"AN", "Antarctica"}, {"AS", "Asia"}, {"EU", "Europe"}, {"NA", "North America"}, {"OC", "Oceania"}, {"SA", "South America"},
}

// location is what tells geolocations apart.
type location struct{ continent, country, part string }

// locations are all geolocations in the order of ListGeoLocations: countries,
// each before its subdivisions, then continents.
var locations = sync.OnceValue(func() (out []types.GeoLocationDetails) {
	names := map[string]string{}
	for line := range strings.Lines(strings.TrimSpace(geoTable)) {
		code, name, _ := strings.Cut(strings.TrimSpace(line), " ")
		names[code] = name
		country, part, divided := strings.Cut(code, "-")
		d := types.GeoLocationDetails{CountryCode: aws.String(country), CountryName: aws.String(names[country])}
		if divided {
			d.SubdivisionCode, d.SubdivisionName = aws.String(part), aws.String(name)
		}
		out = append(out, d)
	}
	for _, c := range continents {
		out = append(out, types.GeoLocationDetails{ContinentCode: aws.String(c.code), ContinentName: aws.String(c.name)})
	}
	return out
})

func locationOf(d types.GeoLocationDetails) location {
	return location{aws.ToString(d.ContinentCode), aws.ToString(d.CountryCode), aws.ToString(d.SubdivisionCode)}
}

// find gives the index of a geolocation, or -1.
func find(l location) int {
	for i, d := range locations() {
		if locationOf(d) == l {
			return i
		}
	}
	return -1
}

// maxLocations is the page of ListGeoLocations.
const maxLocations = 100

// listGeoLocations, like getGeoLocation, is not authorized: it tells what is
// public (API_ListGeoLocations).
func listGeoLocations(_ context.Context, _ *world.Call, in *sdk.ListGeoLocationsInput) (*sdk.ListGeoLocationsOutput, error) {
	n, err := pageSize(in.MaxItems, maxLocations)
	if err != nil {
		return nil, err
	}
	from := 0
	if start := (location{aws.ToString(in.StartContinentCode), aws.ToString(in.StartCountryCode), aws.ToString(in.StartSubdivisionCode)}); start != (location{}) {
		if from = find(start); from < 0 {
			return nil, invalidInput("Invalid request: there is no such geolocation to start with")
		}
	}
	all := locations()
	to := min(from+n, len(all))
	out := &sdk.ListGeoLocationsOutput{GeoLocationDetailsList: all[from:to], MaxItems: aws.Int32(int32(n)), IsTruncated: to < len(all)}
	if out.IsTruncated {
		out.NextContinentCode, out.NextCountryCode, out.NextSubdivisionCode = all[to].ContinentCode, all[to].CountryCode, all[to].SubdivisionCode
	}
	return out, nil
}

func getGeoLocation(_ context.Context, _ *world.Call, in *sdk.GetGeoLocationInput) (*sdk.GetGeoLocationOutput, error) {
	i := find(location{aws.ToString(in.ContinentCode), aws.ToString(in.CountryCode), aws.ToString(in.SubdivisionCode)})
	if i < 0 {
		return nil, &types.NoSuchGeoLocation{Message: text("Amazon Route 53 doesn't support the specified geographic location.")}
	}
	return &sdk.GetGeoLocationOutput{GeoLocationDetails: &locations()[i]}, nil
}
