// Package msgraph describes Microsoft Graph's clients to the tests.
package msgraph

import (
	"net/http"

	"github.com/grantwire/grantwire/providers/internal/subject"
	"github.com/grantwire/grantwire/providers/msgraph"
	"github.com/grantwire/grantwire/providers/msgraph/admin"
	"github.com/grantwire/grantwire/providers/msgraph/agreementacceptances"
	"github.com/grantwire/grantwire/providers/msgraph/agreements"
	"github.com/grantwire/grantwire/providers/msgraph/appcatalogs"
	"github.com/grantwire/grantwire/providers/msgraph/applications"
	"github.com/grantwire/grantwire/providers/msgraph/applicationtemplates"
	"github.com/grantwire/grantwire/providers/msgraph/auditlogs"
	"github.com/grantwire/grantwire/providers/msgraph/authenticationmethodconfigurations"
	"github.com/grantwire/grantwire/providers/msgraph/authenticationmethodspolicy"
	"github.com/grantwire/grantwire/providers/msgraph/branding"
	"github.com/grantwire/grantwire/providers/msgraph/certificatebasedauthconfiguration"
	"github.com/grantwire/grantwire/providers/msgraph/chats"
	"github.com/grantwire/grantwire/providers/msgraph/communications"
	"github.com/grantwire/grantwire/providers/msgraph/compliance"
	"github.com/grantwire/grantwire/providers/msgraph/connections"
	"github.com/grantwire/grantwire/providers/msgraph/contacts"
	"github.com/grantwire/grantwire/providers/msgraph/contracts"
	"github.com/grantwire/grantwire/providers/msgraph/datapolicyoperations"
	"github.com/grantwire/grantwire/providers/msgraph/deviceappmanagement"
	"github.com/grantwire/grantwire/providers/msgraph/devicemanagement"
	"github.com/grantwire/grantwire/providers/msgraph/devices"
	"github.com/grantwire/grantwire/providers/msgraph/directory"
	"github.com/grantwire/grantwire/providers/msgraph/directoryobjects"
	"github.com/grantwire/grantwire/providers/msgraph/directoryroles"
	"github.com/grantwire/grantwire/providers/msgraph/directoryroletemplates"
	"github.com/grantwire/grantwire/providers/msgraph/domaindnsrecords"
	"github.com/grantwire/grantwire/providers/msgraph/domains"
	"github.com/grantwire/grantwire/providers/msgraph/drives"
	"github.com/grantwire/grantwire/providers/msgraph/education"
	"github.com/grantwire/grantwire/providers/msgraph/external"
	"github.com/grantwire/grantwire/providers/msgraph/grouplifecyclepolicies"
	"github.com/grantwire/grantwire/providers/msgraph/groups"
	"github.com/grantwire/grantwire/providers/msgraph/groupsettings"
	"github.com/grantwire/grantwire/providers/msgraph/groupsettingtemplates"
	"github.com/grantwire/grantwire/providers/msgraph/identity"
	"github.com/grantwire/grantwire/providers/msgraph/identitygovernance"
	"github.com/grantwire/grantwire/providers/msgraph/identityprotection"
	"github.com/grantwire/grantwire/providers/msgraph/identityproviders"
	"github.com/grantwire/grantwire/providers/msgraph/informationprotection"
	"github.com/grantwire/grantwire/providers/msgraph/invitations"
	"github.com/grantwire/grantwire/providers/msgraph/localizations"
	"github.com/grantwire/grantwire/providers/msgraph/me"
	"github.com/grantwire/grantwire/providers/msgraph/oauth2permissiongrants"
	"github.com/grantwire/grantwire/providers/msgraph/organization"
	"github.com/grantwire/grantwire/providers/msgraph/permissiongrants"
	"github.com/grantwire/grantwire/providers/msgraph/places"
	"github.com/grantwire/grantwire/providers/msgraph/planner"
	"github.com/grantwire/grantwire/providers/msgraph/policies"
	"github.com/grantwire/grantwire/providers/msgraph/printing"
	"github.com/grantwire/grantwire/providers/msgraph/privacy"
	"github.com/grantwire/grantwire/providers/msgraph/reports"
	"github.com/grantwire/grantwire/providers/msgraph/rolemanagement"
	"github.com/grantwire/grantwire/providers/msgraph/schemaextensions"
	"github.com/grantwire/grantwire/providers/msgraph/scopedrolememberships"
	"github.com/grantwire/grantwire/providers/msgraph/search"
	"github.com/grantwire/grantwire/providers/msgraph/security"
	"github.com/grantwire/grantwire/providers/msgraph/serviceprincipals"
	"github.com/grantwire/grantwire/providers/msgraph/shares"
	"github.com/grantwire/grantwire/providers/msgraph/sites"
	"github.com/grantwire/grantwire/providers/msgraph/solutions"
	"github.com/grantwire/grantwire/providers/msgraph/subscribedskus"
	"github.com/grantwire/grantwire/providers/msgraph/subscriptions"
	"github.com/grantwire/grantwire/providers/msgraph/teams"
	"github.com/grantwire/grantwire/providers/msgraph/teamstemplates"
	"github.com/grantwire/grantwire/providers/msgraph/teamwork"
	"github.com/grantwire/grantwire/providers/msgraph/tenantrelationships"
	"github.com/grantwire/grantwire/providers/msgraph/users"
	"github.com/grantwire/grantwire/runtime/api"
)

// Subject is Microsoft Graph, all packages together.
func Subject() subject.Provider {
	client, operations := subject.Join(parts())
	return subject.Provider{
		Name:       "msgraph",
		Package:    "msgraph/users",
		New:        client,
		Operations: operations,
		Count:      11422,
		Flat:       60,
		Base:       "https://graph.microsoft.com/v1.0",
		Error: subject.Error{
			Status:  http.StatusNotFound,
			Body:    `{"error":{"code":"ErrorItemNotFound","message":"The specified object was not found in the store.","innerError":{"date":"2026-11-24T12:00:00","request-id":"0a1b2c3d","client-request-id":"0a1b2c3d"}}}`,
			Code:    "ErrorItemNotFound",
			Message: "The specified object was not found in the store.",
			Own:     subject.Is[*msgraph.Error],
		},
		PrismDepth: 2, // every resource leads to every other one
		Prism: []subject.Allowance{{
			Operation: "communications.callRecords.getPstnCalls", Place: "request.path.callrecord-id",
			Reason: "Prism takes a function in a path for the ID of another operation",
		}, {
			Operation: "communications.callRecords.getDirectRoutingCalls", Place: "request.path.callrecord-id",
			Reason: "as above",
		}, {
			Operation: "get /identityGovernance/entitlementManagement/assignments/microsoft.graph.additionalAccess(accessPackageId='{accessPackageId}',incompatibleAccessPackageId='{incompatibleAccessPackageId}')",
			Place:     "request.path.accesspackageassignment-id", Reason: "as above",
		}, {
			Place:  "request.body.userFlowTypeVersion",
			Reason: "the document writes a number as oneOf a number, any string, and INF or NaN: each of the last fits two",
		}},
		Lacks: map[string]string{
			"missing required member": "the one member that answers require, @odata.type, may be left out (optional_members)",
			"null required member":    "as above",
		},
		Wire: subject.Wire{Ignore: []subject.Exception{{
			Judge: "filter", Contains: "input matches more than one oneOf schemas",
			Reason: "the document writes a number as oneOf a number, any string, and INF or NaN: each of the last fits two",
		}}},
	}
}

// part turns the constructor of one package into the common form.
func part[C any](newClient func(*http.Client, ...api.ClientOption) *C, operations func() []api.Operation) subject.Part {
	return subject.Part{New: func(hc *http.Client) any { return newClient(hc) }, Operations: operations}
}

func parts() []subject.Part { //nolint:funlen // a list of packages
	return []subject.Part{
		part(admin.New, admin.Operations),
		part(agreementacceptances.New, agreementacceptances.Operations),
		part(agreements.New, agreements.Operations),
		part(appcatalogs.New, appcatalogs.Operations),
		part(applications.New, applications.Operations),
		part(applicationtemplates.New, applicationtemplates.Operations),
		part(auditlogs.New, auditlogs.Operations),
		part(authenticationmethodconfigurations.New, authenticationmethodconfigurations.Operations),
		part(authenticationmethodspolicy.New, authenticationmethodspolicy.Operations),
		part(branding.New, branding.Operations),
		part(certificatebasedauthconfiguration.New, certificatebasedauthconfiguration.Operations),
		part(chats.New, chats.Operations),
		part(communications.New, communications.Operations),
		part(compliance.New, compliance.Operations),
		part(connections.New, connections.Operations),
		part(contacts.New, contacts.Operations),
		part(contracts.New, contracts.Operations),
		part(datapolicyoperations.New, datapolicyoperations.Operations),
		part(deviceappmanagement.New, deviceappmanagement.Operations),
		part(devicemanagement.New, devicemanagement.Operations),
		part(devices.New, devices.Operations),
		part(directory.New, directory.Operations),
		part(directoryobjects.New, directoryobjects.Operations),
		part(directoryroles.New, directoryroles.Operations),
		part(directoryroletemplates.New, directoryroletemplates.Operations),
		part(domaindnsrecords.New, domaindnsrecords.Operations),
		part(domains.New, domains.Operations),
		part(drives.New, drives.Operations),
		part(education.New, education.Operations),
		part(external.New, external.Operations),
		part(grouplifecyclepolicies.New, grouplifecyclepolicies.Operations),
		part(groups.New, groups.Operations),
		part(groupsettings.New, groupsettings.Operations),
		part(groupsettingtemplates.New, groupsettingtemplates.Operations),
		part(identity.New, identity.Operations),
		part(identitygovernance.New, identitygovernance.Operations),
		part(identityprotection.New, identityprotection.Operations),
		part(identityproviders.New, identityproviders.Operations),
		part(informationprotection.New, informationprotection.Operations),
		part(invitations.New, invitations.Operations),
		part(localizations.New, localizations.Operations),
		part(me.New, me.Operations),
		part(oauth2permissiongrants.New, oauth2permissiongrants.Operations),
		part(organization.New, organization.Operations),
		part(permissiongrants.New, permissiongrants.Operations),
		part(places.New, places.Operations),
		part(planner.New, planner.Operations),
		part(policies.New, policies.Operations),
		part(printing.New, printing.Operations),
		part(privacy.New, privacy.Operations),
		part(reports.New, reports.Operations),
		part(rolemanagement.New, rolemanagement.Operations),
		part(schemaextensions.New, schemaextensions.Operations),
		part(scopedrolememberships.New, scopedrolememberships.Operations),
		part(search.New, search.Operations),
		part(security.New, security.Operations),
		part(serviceprincipals.New, serviceprincipals.Operations),
		part(shares.New, shares.Operations),
		part(sites.New, sites.Operations),
		part(solutions.New, solutions.Operations),
		part(subscribedskus.New, subscribedskus.Operations),
		part(subscriptions.New, subscriptions.Operations),
		part(teams.New, teams.Operations),
		part(teamstemplates.New, teamstemplates.Operations),
		part(teamwork.New, teamwork.Operations),
		part(tenantrelationships.New, tenantrelationships.Operations),
		part(users.New, users.Operations),
	}
}
