package estate

import (
	"sync"

	"github.com/orgdns/orgdns/internal/dnsname"
)

// TargetGlobalAccelerator is a further kind of alias target, one that the twin
// does not make.
const TargetGlobalAccelerator = "globalAccelerator"

// AWSZone is a hosted zone of AWS's own, into which alias records point.
type AWSZone struct {
	ID     string
	Kind   string       // one of the Target… kinds
	Region Region       // none where the zone is global
	Name   dnsname.Name // targets are this name or lie below it
}

// AliasZone finds the hosted zone that an alias to a name must give: by the
// name alone, since AWS has one zone for each kind of target and Region. Names
// of other kinds, such as VPC endpoints, are in no table.
func AliasZone(target dnsname.Name) (AWSZone, bool) {
	zones := awsZones()
	for n := range target.Ancestors() {
		if z, ok := zones.byName[n]; ok {
			return z, true
		}
	}
	return AWSZone{}, false
}

// IsAWSZone reports whether an ID is one of those that AliasZone gives.
func IsAWSZone(id string) bool { return awsZones().ids[id] }

// S3WebsiteEndpoint is the name that an alias to a bucket's website gives, in
// a Region that has such websites (General Reference, s3.html).
func S3WebsiteEndpoint(r Region) (dnsname.Name, bool) {
	row, ok := regionalZones[r]
	if !ok || row.s3Website == "" {
		return dnsname.Name{}, false
	}
	separator := "."
	if dashWebsites[r] {
		separator = "-"
	}
	return dnsname.MustParse("s3-website" + separator + string(r) + ".amazonaws.com"), true
}

// LoadBalancerSuffix is the name below which the load balancers of a Region
// stand.
func LoadBalancerSuffix(r Region, network bool) dnsname.Name {
	if network {
		return dnsname.MustParse("elb." + string(r) + ".amazonaws.com")
	}
	return dnsname.MustParse(string(r) + ".elb.amazonaws.com")
}

type zoneTable struct {
	byName map[dnsname.Name]AWSZone
	ids    map[string]bool
}

var awsZones = sync.OnceValue(func() zoneTable {
	t := zoneTable{map[dnsname.Name]AWSZone{}, map[string]bool{}}
	add := func(id, kind string, r Region, name dnsname.Name) {
		if id != "" {
			t.byName[name], t.ids[id] = AWSZone{id, kind, r, name}, true
		}
	}
	add(CloudFrontZone, TargetCloudFront, "", dnsname.MustParse("cloudfront.net"))
	add("Z2BJ6XQ5FK7U4H", TargetGlobalAccelerator, "", dnsname.MustParse("awsglobalaccelerator.com"))
	for r, row := range regionalZones {
		add(row.alb, TargetLoadBalancer, r, LoadBalancerSuffix(r, false))
		add(row.nlb, TargetLoadBalancer, r, LoadBalancerSuffix(r, true))
		add(row.apiGateway, TargetAPIGateway, r, dnsname.MustParse("execute-api."+string(r)+".amazonaws.com"))
		if endpoint, ok := S3WebsiteEndpoint(r); ok {
			add(row.s3Website, TargetS3Website, r, endpoint)
		}
	}
	return t
})

// CloudFrontZone is the hosted zone of every CloudFront distribution, and so of
// every edge-optimized API Gateway domain (API_AliasTarget).
const CloudFrontZone = "Z2FDTNDATAQYW2"

// regionalZones are the hosted zones per Region of the partition aws: General
// Reference, elb.html (application and classic, network), apigateway.html
// (regional endpoints) and s3.html (websites). Left out is what could not be
// confirmed: API Gateway in ap-southeast-6.
var regionalZones = map[Region]struct{ alb, nlb, apiGateway, s3Website string }{
	"af-south-1":     {"Z268VQBMOI5EKX", "Z203XCE67M25HM", "Z2DHW2332DAMTN", "Z2OSFR5PIJ8TYW"},
	"ap-east-1":      {"Z3DQVH9N71FHZ0", "Z12Y7K3UBGUAD1", "Z3FD1VL90ND7K5", "ZNB98KWMFR0R6"},
	"ap-east-2":      {"Z02789141MW7T1WBU19PO", "Z09176273OC2HWIAUNYW", "Z02909591O7FG9Q56HWB1", "Z064739330DAH7WJVOO93"},
	"ap-northeast-1": {"Z14GRHDCWA56QT", "Z31USIVHYNEOWT", "Z1YSHQZHG15GKL", "Z2M4EHUR26P7ZW"},
	"ap-northeast-2": {"ZWKZPGTI48KDX", "ZIBE1TIR4HY56", "Z20JF4UZKIW1U8", "Z3W03O7B5YMIYP"},
	"ap-northeast-3": {"Z5LXEXXYW11ES", "Z1GWIQ4HH19I5X", "Z22ILHG95FLSZ2", "Z2YQB5RD63NC85"},
	"ap-south-1":     {"ZP97RAFLXTNZK", "ZVDDRBQ08TROA", "Z3VO1THU9YC4UR", "Z11RGJOFQNVJUP"},
	"ap-south-2":     {"Z0173938T07WNTVAEPZN", "Z0711778386UTO08407HT", "Z0853509Q1135NJ66RUH", "Z02976202B4EZMXIPMXF7"},
	"ap-southeast-1": {"Z1LMS91P8CMLE5", "ZKVM4W9LS7TM", "ZL327KTPIQFUL", "Z3O0J2DXBE1FTB"},
	"ap-southeast-2": {"Z1GM3OXH4ZPM65", "ZCT6FZBF4DROD", "Z2RPCDW04V8134", "Z1WCIGYICN2BYD"},
	"ap-southeast-3": {"Z08888821HLRG5A9ZRTER", "Z01971771FYVNCOVWJU1G", "Z10132843TYUYSLUG4HA3", "Z01846753K324LI26A3VV"},
	"ap-southeast-4": {"Z09517862IB2WZLPXG76F", "Z01156963G8MIIL7X90IV", "Z092189423Y7RJK61311D", "Z0312387243XT5FE14WFO"},
	"ap-southeast-5": {"Z06010284QMVVW7WO5J", "Z026317210H9ACVTRO6FB", "Z0314042F0KBUTZ3X5HF", "Z08660063OXLMA7F1FJHU"},
	"ap-southeast-6": {"Z023301818UFJ50CIO0MV", "Z01392953RKV2Q3RBP0KU", "", "Z05686083R66JX5C163TC"},
	"ap-southeast-7": {"Z0390008CMBRTHFGWBCB", "Z054363131YWATEMWRG5L", "Z048508712PZLK5NKG8R0", "Z0031014GXUMRZG6I14G"},
	"ca-central-1":   {"ZQSVJUPU6J1EY", "Z2EPGBW3API2WT", "Z19DQILCV0OWEC", "Z1QDHH18159H29"},
	"ca-west-1":      {"Z06473681N0SF6OS049SD", "Z02754302KBB00W2LKWZ9", "Z04745493436AWVTG1OQY", "Z03565811Z33SLEZTHOUL"},
	"eu-central-1":   {"Z215JYRZR1TBD5", "Z3F0SRJ5LGBH90", "Z1U9ULNL0V5AJ3", "Z21DNDUVLTQW6Q"},
	"eu-central-2":   {"Z06391101F2ZOEP8P5EB3", "Z02239872DOALSIDCX66S", "Z09222482MK253X48U76H", "Z030506016YDQGETNASS"},
	"eu-north-1":     {"Z23TAZ6LKFMNIO", "Z1UDT6IFJ4EJM", "Z3UWIKFBOOGXPP", "Z3BAZG2TWCNX0D"},
	"eu-south-1":     {"Z3ULH7SSC9OV64", "Z23146JA1KNAFP", "Z3BT4WSQ9TDYZV", "Z2OPA49AB41N7K"},
	"eu-south-2":     {"Z0956581394HF5D5LXGAP", "Z1011216NVTVYADP1SSV", "Z02499852UI5HEQ5JVWX3", "Z0081959F7139GRJC19J"},
	"eu-west-1":      {"Z32O12XQLNTSW2", "Z2IFOLAFXWLO4F", "ZLY8HYME6SFDD", "Z1BKCTXD74EZPE"},
	"eu-west-2":      {"ZHURV8PSTC4K8", "ZD4D7Y8KGAS4G", "ZJ5UAJN8Y3Z2Q", "Z3GKZC51ZF0DB4"},
	"eu-west-3":      {"Z3Q77PNBQS71R4", "Z1CMS0P5QUZ6D5", "Z3KY65QIEKYHQQ", "Z3R1K369G5AVDG"},
	"il-central-1":   {"Z09170902867EHPV2DABU", "Z0313266YDI6ZRHTGQY4", "Z07264553HBI44N5X2CKP", "Z09640613K4A3MN55U7GU"},
	"me-central-1":   {"Z08230872XQRWHG2XF6I", "Z00282643NTTLPANJJG2P", "Z08780021BKYYY8U0YHTV", "Z06143092I8HRXZRUZROF"},
	"me-south-1":     {"ZS929ML54UICD", "Z3QSRYVP46NYYV", "Z20ZBPC0SS8806", "Z1MPMWCPA7YB62"},
	"mx-central-1":   {"Z023552324OKD1BB28BH5", "Z02031231H3ID6HYJ9A7U", "Z00020171WIGL5M88SHRM", "Z057606446ZNVQJJ8WOP"},
	"sa-east-1":      {"Z2P70J7HTTTPLU", "ZTK26PT1VY4CU", "ZCMLWB8V5SYIT", "Z7KQH4QJS55SO"},
	"us-east-1":      {"Z35SXDOTRQ7X7K", "Z26RNL4JYFTOTI", "Z1UJRXOUMOOFQ8", "Z3AQBSTGFYJSTF"},
	"us-east-2":      {"Z3AADJGX6KTTL2", "ZLMOA37VPKANP", "ZOJJZC49E0EPZ", "Z2O1EMRO9K5GLX"},
	"us-west-1":      {"Z368ELLRRE2KJ0", "Z24FKFUX50B4VW", "Z2MUQ32089INYE", "Z2F56UZL2M1ACD"},
	"us-west-2":      {"Z1H1FL5HABSF5", "Z18D5FSROUN65G", "Z2OJLYMUO9EFXC", "Z3BJ6K6RIION7M"},
}

// dashWebsites are the Regions whose website endpoint has a dash before the
// Region (General Reference, s3.html).
var dashWebsites = map[Region]bool{
	"ap-northeast-1": true,
	"ap-southeast-1": true,
	"ap-southeast-2": true,
	"eu-west-1":      true,
	"sa-east-1":      true,
	"us-east-1":      true,
	"us-west-1":      true,
	"us-west-2":      true,
}
