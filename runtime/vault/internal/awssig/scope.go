package awssig

import (
	"regexp"
	"slices"
	"strings"
)

const regionPattern = `([a-z]{2}(?:-[a-z0-9]+)+-[0-9]+)`

// The shapes of AWS hosts, in the order in which they are tried. They never
// change.
var (
	regionalHost   = regexp.MustCompile(`^([a-z0-9-]+)\.(?:dualstack\.)?` + regionPattern + `\.amazonaws\.com(?:\.cn)?$`)
	apiHost        = regexp.MustCompile(`^([a-z0-9-]+)\.` + regionPattern + `\.api\.aws$`)
	bucketHost     = regexp.MustCompile(`^.+\.s3(?:-fips)?\.(?:dualstack\.)?` + regionPattern + `\.amazonaws\.com(?:\.cn)?$`)
	oldBucketHost  = regexp.MustCompile(`^(?:.+\.)?s3-` + regionPattern + `\.amazonaws\.com$`)
	plainS3Host    = regexp.MustCompile(`^(?:.+\.)?s3(?:-external-1)?\.amazonaws\.com$`)
	privateHost    = regexp.MustCompile(`^vpce-[a-z0-9-]+\.([a-z0-9-]+)\.` + regionPattern + `\.vpce\.amazonaws\.com$`)
	regionlessHost = regexp.MustCompile(`^(?:global\.)?([a-z0-9-]+)(\.us-gov)?\.amazonaws\.com(\.cn)?$`)
	dottedHost     = regexp.MustCompile(`^([a-z0-9.-]+)\.` + regionPattern + `\.amazonaws\.com(?:\.cn)?$`)
)

// globalServices have hosts without a region, by the partition that the host
// names.
var globalServices = map[string]struct {
	region   string
	services []string
}{
	"":        {"us-east-1", []string{"budgets", "cloudfront", "health", "iam", "importexport", "route53", "savingsplans", "sts", "waf"}},
	".us-gov": {"us-gov-west-1", []string{"health", "iam", "route53"}},
	".cn":     {"cn-northwest-1", []string{"budgets", "health", "route53"}},
}

// Scope tells service and region of an AWS host, as signatures name them; ok is
// false for a host that tells neither.
func Scope(host string) (service, region string, ok bool) {
	host = strings.ToLower(host)
	for _, shape := range []*regexp.Regexp{regionalHost, apiHost} {
		if m := shape.FindStringSubmatch(host); m != nil {
			return signingName(m[1]), m[2], true
		}
	}
	for _, shape := range []*regexp.Regexp{bucketHost, oldBucketHost} {
		if m := shape.FindStringSubmatch(host); m != nil {
			return serviceS3, m[1], true
		}
	}
	if plainS3Host.MatchString(host) {
		return serviceS3, "us-east-1", true
	}
	if m := privateHost.FindStringSubmatch(host); m != nil {
		return signingName(m[1]), m[2], true
	}
	if m := regionlessHost.FindStringSubmatch(host); m != nil {
		if global := globalServices[m[2]+m[3]]; slices.Contains(global.services, m[1]) {
			return signingName(m[1]), global.region, true
		}
	}
	if m := dottedHost.FindStringSubmatch(host); m != nil {
		if name := signingNames[m[1]]; name != "" {
			return name, m[2], true
		}
	}
	return "", "", false
}

const serviceS3 = "s3"

func signingName(label string) string {
	label = strings.TrimSuffix(label, "-fips")
	if name := signingNames[label]; name != "" {
		return name
	}
	return label
}
