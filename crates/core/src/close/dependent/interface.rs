//! What a network interface serves, in words a person knows, from what EC2 says of it.
//!
//! EC2 names no service where it is not the interface's type: the description is all there is. Whatever matches no line
//! of the table is a network interface all the same; nothing is ever let through for want of a name.
//! Sources: EC2 API Reference, `NetworkInterface` (`InterfaceType`); descriptions as Cloud Custodian's table and the
//! Terraform AWS provider's sweepers have them.

/// A network interface as EC2 describes it.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NetworkInterface {
    /// The interface's ID (`eni-…`).
    pub id: String,
    /// `InterfaceType`, such as `interface`, `lambda` or `natGateway`.
    pub interface_type: String,
    /// Whether an AWS service manages the interface.
    pub requester_managed: bool,
    /// Who asked for the interface: an account, a service's name or a session of a role (`RequesterId`).
    pub requester: Option<String>,
    /// The description; may be empty.
    pub description: String,
    /// The instance that it is attached to.
    pub instance: Option<String>,
}

/// How a service describes its interfaces, and the service. The first line that matches counts; what follows the
/// beginning is the name, as far as `Name` says.
const BY_DESCRIPTION: &[(&str, Name, &str)] = &[
    ("AWS Lambda VPC ENI-", Name::BeforeUuid, "Lambda function"),
    ("ELB app/", Name::Before('/'), "Application Load Balancer"),
    ("ELB net/", Name::Before('/'), "Network Load Balancer"),
    ("ELB gwy/", Name::Before('/'), "Gateway Load Balancer"),
    ("ELB ", Name::Before('/'), "Classic Load Balancer"),
    ("VPC Endpoint Interface ", Name::Before(' '), "VPC endpoint"),
    ("Interface for NAT Gateway ", Name::Before(' '), "NAT gateway"),
    ("Network Interface for Transit Gateway Attachment ", Name::Before(' '), "transit gateway attachment"),
    ("RDSNetworkInterface", Name::None, "RDS database"),
    ("Network interface for DBProxy ", Name::Rest, "RDS Proxy"),
    ("RedshiftNetworkInterface", Name::None, "Redshift cluster"),
    ("DMSNetworkInterface", Name::None, "DMS replication instance"),
    ("EFS mount target for ", Name::Before(' '), "EFS file system"),
    ("ElastiCache", Name::Rest, "ElastiCache cluster"),
    ("DAX", Name::Rest, "DAX cluster"),
    ("ES ", Name::Rest, "OpenSearch domain"),
    ("Amazon EKS ", Name::Rest, "EKS cluster"),
    ("aws-K8S-", Name::Before(' '), "EKS node"),
    ("aws-k8s-branch-eni", Name::None, "EKS pod"),
    ("arn:aws:ecs:", Name::AfterLast('/'), "ECS task attachment"),
    ("arn:aws-cn:ecs:", Name::AfterLast('/'), "ECS task attachment"),
    ("arn:aws-us-gov:ecs:", Name::AfterLast('/'), "ECS task attachment"),
    ("AWS created network interface for directory ", Name::Rest, "directory"),
    ("AWS ElasticMapReduce", Name::None, "EMR cluster"),
    ("Amazon Kinesis Firehose - ", Name::Rest, "Firehose stream"),
    ("CloudHSM Managed Interface", Name::None, "CloudHSM"),
    ("CloudHsm ENI", Name::None, "CloudHSM"),
    ("AWS CodeStar Connections", Name::None, "CodeConnections host"),
    ("ENI managed by APIGateway", Name::None, "API Gateway VPC link"),
];

/// Interface types that say whom they serve when the description does not.
const BY_TYPE: &[(&str, &str)] = &[
    ("api_gateway_managed", "API Gateway VPC link"),
    ("aws_codestar_connections_managed", "CodeConnections host"),
    ("gateway_load_balancer", "Gateway Load Balancer"),
    ("gateway_load_balancer_endpoint", "Gateway Load Balancer endpoint"),
    ("global_accelerator_managed", "Global Accelerator"),
    ("iot_rules_managed", "IoT rule"),
    ("lambda", "Lambda function"),
    ("load_balancer", "load balancer"),
    ("natGateway", "NAT gateway"),
    ("network_load_balancer", "Network Load Balancer"),
    ("quicksight", "QuickSight"),
    ("transit_gateway", "transit gateway attachment"),
    ("vpc_endpoint", "VPC endpoint"),
];

/// The part of a session's name by which CodeBuild asks for interfaces (`…:AWSCodeBuild-…`).
const CODEBUILD_REQUESTER: &str = ":AWSCodeBuild-";

/// Which part of what follows a description's beginning names the resource.
#[derive(Clone, Copy)]
enum Name {
    /// None of it.
    None,
    /// All of it.
    Rest,
    /// What comes before this.
    Before(char),
    /// What comes after the last of these.
    AfterLast(char),
    /// What comes before the UUID that Lambda puts at the end.
    BeforeUuid,
}

impl Name {
    fn part(self, rest: &str) -> &str {
        match self {
            Self::None => "",
            Self::Rest => rest.trim_matches(|c: char| c.is_whitespace() || c == '.'),
            Self::Before(end) => rest.split(end).next().unwrap_or_default(),
            Self::AfterLast(start) => rest.rsplit(start).next().unwrap_or_default(),
            // 36 characters and the hyphen before them.
            Self::BeforeUuid => rest.len().checked_sub(37).and_then(|end| rest.get(..end)).unwrap_or(rest),
        }
    }
}

impl NetworkInterface {
    /// What the interface serves, such as `Lambda function orders`, `EC2 instance i-0123456789abcdef0` or, where nothing
    /// tells, `network interface "uplink"`.
    #[must_use]
    pub fn serves(&self) -> String {
        if let Some(instance) = &self.instance {
            return format!("EC2 instance {instance}");
        }
        let description = self.description.trim();
        let described = BY_DESCRIPTION.iter().find_map(|(start, name, service)| {
            Some(named(service, name.part(description.strip_prefix(start)?)))
        });
        described.or_else(|| self.by_requester()).or_else(|| self.by_type()).unwrap_or_else(|| {
            let managed =
                if self.requester_managed { "AWS-managed network interface" } else { "network interface" };
            if description.is_empty() { managed.to_owned() } else { format!("{managed} {description:?}") }
        })
    }

    fn by_requester(&self) -> Option<String> {
        let (_, session) = self.requester.as_deref()?.split_once(CODEBUILD_REQUESTER)?;
        Some(named("CodeBuild build", session))
    }

    fn by_type(&self) -> Option<String> {
        let service = BY_TYPE.iter().find(|(of, _)| *of == self.interface_type)?.1;
        Some(named(service, self.description.trim()))
    }
}

fn named(service: &str, name: &str) -> String {
    if name.is_empty() { service.to_owned() } else { format!("{service} {name}") }
}
