//! Where AWS Config records that a resource uses a security group: the resource types and properties to query for.
//!
//! Source: the property files of awslabs/aws-config-resource-schema (what SelectResourceConfig can ask for). A property
//! that it lacks must not stand here: the query would be refused, and with it every close. Config records no ElastiCache
//! cluster, no EFS mount target, no Resolver endpoint and no DMS instance with its groups: their network interfaces tell.

use std::fmt;

use crate::close::source::Source;

/// A resource that AWS Config recorded with the group.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordedResource {
    /// The resource's type, such as `AWS::Lambda::Function`.
    pub resource_type: String,
    /// The resource's ID in AWS Config.
    pub id: String,
    /// The resource's name, where it has one.
    pub name: Option<String>,
}

/// `AWS::Lambda::Function orders`
impl fmt::Display for RecordedResource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name.as_deref().filter(|name| !name.is_empty()).unwrap_or(&self.id);
        write!(f, "{} {name}", self.resource_type)
    }
}

/// One resource type whose configuration can name a security group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordedType {
    /// The source's name in settings and answers: `config:` and the resource type.
    source: &'static str,
    /// The properties that hold the group, as SelectResourceConfig names them. Lists compare by any element.
    pub properties: &'static [&'static str],
    /// Whether they hold its ARN, and not its ID.
    pub by_arn: bool,
}

impl RecordedType {
    /// The source that answers for the type: `config:` and the type.
    #[must_use]
    pub const fn source(&self) -> Source {
        Source::new(self.source)
    }

    /// The resource type as Config writes it, such as `AWS::Lambda::Function`.
    #[must_use]
    pub fn resource_type(&self) -> &'static str {
        self.source.strip_prefix(PREFIX).unwrap_or(self.source)
    }
}

/// What the name of a source that AWS Config answers for begins with.
const PREFIX: &str = "config:";

const fn by_id(source: &'static str, properties: &'static [&'static str]) -> RecordedType {
    RecordedType { source, properties, by_arn: false }
}

const fn by_arn(source: &'static str, properties: &'static [&'static str]) -> RecordedType {
    RecordedType { source, properties, by_arn: true }
}

/// Every type that defsg asks for, in the order of their names.
pub const TYPES: &[RecordedType] = &[
    by_id("config:AWS::AmazonMQ::Broker", &["configuration.SecurityGroups"]),
    by_id("config:AWS::AppRunner::VpcConnector", &["configuration.SecurityGroups"]),
    by_id("config:AWS::AppStream::Fleet", &["configuration.VpcConfig.SecurityGroupIds"]),
    by_id("config:AWS::AutoScaling::LaunchConfiguration", &["configuration.securityGroups.value"]),
    by_id("config:AWS::Batch::ComputeEnvironment", &["configuration.ComputeResources.SecurityGroupIds"]),
    by_id("config:AWS::CodeBuild::Project", &["configuration.vpcConfig.securityGroupIds"]),
    by_arn("config:AWS::DataSync::LocationEFS", &["configuration.Ec2Config.SecurityGroupArns"]),
    by_arn("config:AWS::DataSync::LocationFSxLustre", &["configuration.SecurityGroupArns"]),
    by_arn("config:AWS::DataSync::LocationFSxWindows", &["configuration.SecurityGroupArns"]),
    by_id("config:AWS::DeviceFarm::TestGridProject", &["configuration.VpcConfig.SecurityGroupIds"]),
    by_id("config:AWS::EC2::ClientVpnEndpoint", &["configuration.SecurityGroupIds"]),
    by_id(
        "config:AWS::EC2::SpotFleet",
        &["configuration.SpotFleetRequestConfigData.LaunchSpecifications.SecurityGroups.GroupId"],
    ),
    by_id(
        "config:AWS::ECS::Service",
        &["configuration.NetworkConfiguration.AwsvpcConfiguration.SecurityGroups"],
    ),
    by_id(
        "config:AWS::ECS::TaskSet",
        &["configuration.NetworkConfiguration.AwsVpcConfiguration.SecurityGroups"],
    ),
    by_id("config:AWS::EKS::Cluster", &["configuration.ResourcesVpcConfig.SecurityGroupIds"]),
    by_id("config:AWS::ElasticLoadBalancing::LoadBalancer", &["configuration.securityGroups.value"]),
    by_id("config:AWS::ElasticLoadBalancingV2::LoadBalancer", &["configuration.securityGroups.value"]),
    by_id("config:AWS::Elasticsearch::Domain", &["configuration.vpcoptions.securityGroupIds"]),
    by_id(
        "config:AWS::Events::Rule",
        &["configuration.Targets.EcsParameters.NetworkConfiguration.AwsVpcConfiguration.SecurityGroups"],
    ),
    by_id(
        "config:AWS::GroundStation::DataflowEndpointGroup",
        &["configuration.EndpointDetails.SecurityDetails.SecurityGroupIds"],
    ),
    by_id("config:AWS::ImageBuilder::InfrastructureConfiguration", &["configuration.SecurityGroupIds"]),
    by_id(
        "config:AWS::KinesisAnalyticsV2::Application",
        &["configuration.ApplicationConfiguration.VpcConfigurations.SecurityGroupIds"],
    ),
    by_id(
        "config:AWS::KinesisFirehose::DeliveryStream",
        &[
            "configuration.AmazonOpenSearchServerlessDestinationConfiguration.VpcConfiguration.SecurityGroupIds",
            "configuration.AmazonopensearchserviceDestinationConfiguration.VpcConfiguration.SecurityGroupIds",
            "configuration.ElasticsearchDestinationConfiguration.VpcConfiguration.SecurityGroupIds",
        ],
    ),
    by_id("config:AWS::Lambda::Function", &["configuration.vpcConfig.securityGroupIds"]),
    by_id("config:AWS::M2::Environment", &["configuration.SecurityGroupIds"]),
    by_id("config:AWS::MSK::Cluster", &["configuration.BrokerNodeGroupInfo.SecurityGroups"]),
    by_id("config:AWS::MSK::VpcConnection", &["configuration.SecurityGroups"]),
    by_id("config:AWS::MediaConnect::FlowVpcInterface", &["configuration.SecurityGroupIds"]),
    by_id("config:AWS::OpenSearch::Domain", &["configuration.VPCOptions.SecurityGroupIds"]),
    by_id("config:AWS::OpenSearchServerless::VpcEndpoint", &["configuration.SecurityGroupIds"]),
    by_id("config:AWS::RDS::DBCluster", &["configuration.vpcSecurityGroups.vpcSecurityGroupId"]),
    by_id("config:AWS::RDS::DBInstance", &["configuration.vpcSecurityGroups.vpcSecurityGroupId"]),
    by_id(
        "config:AWS::RDS::OptionGroup",
        &["configuration.OptionConfigurations.VpcSecurityGroupMemberships.VpcSecurityGroupId"],
    ),
    by_id("config:AWS::Redshift::Cluster", &["configuration.vpcSecurityGroups.vpcSecurityGroupId"]),
    by_id(
        "config:AWS::Redshift::EndpointAccess",
        &["configuration.VpcSecurityGroupIds", "configuration.VpcSecurityGroups.VpcSecurityGroupId"],
    ),
    by_id(
        "config:AWS::SageMaker::Domain",
        &[
            "configuration.DefaultSpaceSettings.SecurityGroups",
            "configuration.DefaultUserSettings.SecurityGroups",
            "configuration.DomainSettings.SecurityGroupIds",
        ],
    ),
    by_id("config:AWS::SageMaker::Model", &["configuration.VpcConfig.SecurityGroupIds"]),
    by_id("config:AWS::SageMaker::NotebookInstance", &["configuration.SecurityGroupIds"]),
];

/// Resource types whose recorded relationship to a security group is no use of it: where the group lies, what another
/// source of dependents asks EC2 for as it is now, and what merely tells of the group.
const NO_DEPENDENTS: &[&str] = &[
    "AWS::CloudFormation::Stack",
    "AWS::Config::ConformancePackCompliance",
    "AWS::Config::ResourceCompliance",
    "AWS::EC2::Instance",
    "AWS::EC2::LaunchTemplate",
    "AWS::EC2::NetworkInterface",
    "AWS::EC2::SecurityGroup",
    "AWS::EC2::Subnet",
    "AWS::EC2::VPC",
];

/// Whether a resource of this type that Config relates to a group depends on the group.
#[must_use]
pub fn is_dependent(resource_type: &str) -> bool {
    !NO_DEPENDENTS.contains(&resource_type)
}
