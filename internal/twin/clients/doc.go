// Package clients holds nothing but tests: scripts in which clients that others
// wrote (the AWS CLI, boto3, Terraform) use a twin that runs as a server.
package clients
