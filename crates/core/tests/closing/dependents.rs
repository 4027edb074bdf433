//! What uses a group, in words a person knows, and the sources that tell.

use defsg_core::Direction;
use defsg_core::close::dependent::NetworkInterface;
use defsg_core::close::dependent::recorded::{self, TYPES};
use defsg_core::close::dependent::{LaunchTemplateVersion, RecordedResource, Resource, Role};
use defsg_core::close::{Dependent, Reference, RequiredSources, Source};

fn interface(interface_type: &str, description: &str) -> NetworkInterface {
    NetworkInterface {
        id: "eni-0123456789abcdef0".to_owned(),
        interface_type: interface_type.to_owned(),
        description: description.to_owned(),
        ..NetworkInterface::default()
    }
}

#[test]
fn a_network_interface_says_what_it_serves() {
    let uuid = "9b0ce0a1-0f2f-4c0e-8b1a-7d3f5c1e2a34";
    for (interface_type, description, serves) in [
        ("lambda", &*format!("AWS Lambda VPC ENI-orders-{uuid}"), "Lambda function orders"),
        (
            "lambda",
            &format!("AWS Lambda VPC ENI-nightly-report-2-{uuid}"),
            "Lambda function nightly-report-2",
        ),
        ("lambda", "", "Lambda function"),
        ("interface", "ELB app/shop/50dc6c495c0c9188", "Application Load Balancer shop"),
        ("network_load_balancer", "ELB net/edge/50dc6c495c0c9188", "Network Load Balancer edge"),
        ("gateway_load_balancer", "ELB gwy/fw/50dc6c495c0c9188", "Gateway Load Balancer fw"),
        ("interface", "ELB old-shop", "Classic Load Balancer old-shop"),
        ("interface", "RDSNetworkInterface", "RDS database"),
        ("interface", "Network interface for DBProxy orders", "RDS Proxy orders"),
        ("interface", "RedshiftNetworkInterface", "Redshift cluster"),
        ("interface", "DMSNetworkInterface", "DMS replication instance"),
        ("interface", "ElastiCache sessions-001", "ElastiCache cluster sessions-001"),
        ("interface", "EFS mount target for fs-0a1b2c3d (fsmt-0123)", "EFS file system fs-0a1b2c3d"),
        (
            "vpc_endpoint",
            "VPC Endpoint Interface vpce-0123456789abcdef0",
            "VPC endpoint vpce-0123456789abcdef0",
        ),
        (
            "natGateway",
            "Interface for NAT Gateway nat-0123456789abcdef0",
            "NAT gateway nat-0123456789abcdef0",
        ),
        (
            "transit_gateway",
            "Network Interface for Transit Gateway Attachment tgw-attach-0123",
            "transit gateway attachment tgw-attach-0123",
        ),
        ("interface", "ES logs", "OpenSearch domain logs"),
        ("interface", "Amazon EKS prod", "EKS cluster prod"),
        ("interface", "aws-K8S-i-0123456789abcdef0", "EKS node i-0123456789abcdef0"),
        ("branch", "aws-k8s-branch-eni", "EKS pod"),
        ("interface", "arn:aws:ecs:eu-west-1:012345678912:attachment/1a2b3c", "ECS task attachment 1a2b3c"),
        ("interface", "AWS created network interface for directory d-90670a1b2c.", "directory d-90670a1b2c"),
        ("quicksight", "", "QuickSight"),
        ("global_accelerator_managed", "", "Global Accelerator"),
        ("api_gateway_managed", "ENI managed by APIGateway", "API Gateway VPC link"),
        ("interface", "uplink", "network interface \"uplink\""),
        ("interface", "", "network interface"),
        ("something_new", "", "network interface"),
    ] {
        assert_eq!(
            interface(interface_type, description).serves(),
            serves,
            "{interface_type} {description:?}"
        );
    }
}

#[test]
fn an_attached_instance_a_requester_and_a_manager_tell_too() {
    let of_instance = NetworkInterface {
        instance: Some("i-0123456789abcdef0".to_owned()),
        ..interface("interface", "Primary network interface")
    };
    assert_eq!(of_instance.serves(), "EC2 instance i-0123456789abcdef0");
    let of_build = NetworkInterface {
        requester: Some("AROAEXAMPLE:AWSCodeBuild-1a2b".to_owned()),
        ..interface("interface", "")
    };
    assert_eq!(of_build.serves(), "CodeBuild build 1a2b");
    let managed = NetworkInterface { requester_managed: true, ..interface("interface", "") };
    assert_eq!(managed.serves(), "AWS-managed network interface");
}

#[test]
fn whatever_the_description_an_interface_is_a_dependent() {
    for description in
        ["", "AWS Lambda VPC ENI-", "AWS Lambda VPC ENI-日本語の関数名", "ELB ", "ELB app/", "arn:aws:ecs:"]
    {
        let dependent = Dependent::NetworkInterface(interface("interface", description));
        assert!(!dependent.name().is_empty(), "{description}");
        assert_eq!((dependent.kind(), dependent.id()), ("network-interface", "eni-0123456789abcdef0"));
    }
}

#[test]
fn the_group_s_own_rule_is_no_reference_and_another_group_s_is() {
    let group = "sg-0a1b2c3d4e5f60718".parse().unwrap();
    let other = "sg-0f1e2d3c4b5a69788".parse().unwrap();
    let rule = "sgr-0123456789abcdef0".parse().unwrap();
    assert_eq!(Reference::rule(&group, &group, &rule, Direction::Inbound), None);
    let reference = Reference::rule(&group, &other, &rule, Direction::Outbound).unwrap();
    assert_eq!(reference.to_string(), "outbound rule of sg-0f1e2d3c4b5a69788 (sgr-0123456789abcdef0)");
}

#[test]
fn what_config_relates_to_every_group_is_no_dependent() {
    for of in [
        "AWS::EC2::VPC",
        "AWS::EC2::NetworkInterface",
        "AWS::EC2::Instance",
        "AWS::EC2::SecurityGroup",
        "AWS::Config::ResourceCompliance",
        "AWS::CloudFormation::Stack",
    ] {
        assert!(!recorded::is_dependent(of), "{of}");
    }
    let resource = |name: Option<&str>| RecordedResource {
        resource_type: "AWS::DAX::Cluster".to_owned(),
        id: "c-1".to_owned(),
        name: name.map(str::to_owned),
    };
    assert!(recorded::is_dependent("AWS::DAX::Cluster"));
    assert_eq!(Dependent::Recorded(resource(Some("cache"))).to_string(), "AWS::DAX::Cluster cache (c-1)");
    assert_eq!(Dependent::Recorded(resource(Some(""))).name(), "AWS::DAX::Cluster c-1");
    assert_eq!(Dependent::Recorded(resource(None)).name(), "AWS::DAX::Cluster c-1");
    assert!(TYPES.iter().all(|of| recorded::is_dependent(of.resource_type())));
}

#[test]
fn a_dependent_says_in_a_sentence_what_it_is() {
    let version = LaunchTemplateVersion {
        template: "lt-0123456789abcdef0".to_owned(),
        name: "web".to_owned(),
        version: 3,
        role: Role::DefaultAndLatest,
    };
    let connection = Resource {
        kind: "glue-connection",
        noun: "AWS Glue connection",
        id: "orders-db".to_owned(),
        name: "orders-db".to_owned(),
    };
    let vpc = Reference::Vpc { vpc: "vpc-0fedcba9876543210".to_owned(), over: "pcx-1".to_owned() };
    for (kind, sentence, text) in [
        (
            Dependent::LaunchTemplate(version.clone()).kind(),
            Dependent::LaunchTemplate(version).to_string(),
            "launch template web, version 3 (default, latest) (lt-0123456789abcdef0)",
        ),
        (
            Dependent::Resource(connection.clone()).kind(),
            Dependent::Resource(connection).to_string(),
            "AWS Glue connection orders-db (orders-db)",
        ),
        (
            vpc.kind(),
            vpc.to_string(),
            "security group in vpc-0fedcba9876543210, over pcx-1 (vpc-0fedcba9876543210)",
        ),
    ] {
        assert_eq!(sentence, text, "{kind}");
    }
}

#[test]
fn every_recorded_type_has_a_source_and_properties_that_can_be_asked_for() {
    let names: std::collections::BTreeSet<_> = TYPES.iter().map(|of| of.source().name()).collect();
    assert_eq!(names.len(), TYPES.len());
    let properties = TYPES.iter().flat_map(|of| of.properties);
    assert!(properties.clone().all(|path| path.starts_with("configuration.") && !path.contains('\'')));
    for of in TYPES {
        assert!(of.resource_type().starts_with("AWS::") && !of.properties.is_empty());
        assert_eq!(of.source().name(), format!("config:{}", of.resource_type()));
    }
    for of in [
        "AWS::Lambda::Function",
        "AWS::CodeBuild::Project",
        "AWS::ECS::Service",
        "AWS::Batch::ComputeEnvironment",
    ] {
        assert!(names.contains(&*format!("config:{of}")), "{of}");
    }
}

#[test]
fn required_sources_are_all_unless_the_operator_names_some_or_takes_some_away() {
    let live = ["network-interfaces", "security-group-rules", "launch-templates", "glue-connections"];
    let live = live.map(Source::new);
    let of_config = TYPES.iter().map(|of| of.source());
    let sources: Vec<_> =
        live.into_iter().chain([Source::new("config-relationships")]).chain(of_config).collect();
    let required = |text: &str| -> Vec<_> {
        let required = RequiredSources::parse(text, &sources).unwrap();
        sources.iter().filter(|source| required.contains(**source)).map(|source| source.name()).collect()
    };
    let all: Vec<_> = sources.iter().map(|source| source.name()).collect();
    assert_eq!(RequiredSources::parse("all", &sources).unwrap(), RequiredSources::every(&sources));
    assert_eq!(required("all"), all);
    assert_eq!(required(""), all);
    assert_eq!(required("-config"), all[..4]);
    assert_eq!(required("-all"), Vec::<&str>::new());
    assert_eq!(
        required(" network-interfaces , launch-templates"),
        ["network-interfaces", "launch-templates"]
    );
    assert_eq!(required("all, -config"), all[..4]);
    assert_eq!(required("all,-config:AWS::M2::Environment").len(), all.len() - 1);
    assert_eq!(required("config").len(), all.len() - 4);
    for text in ["everything", "all, -nothing", "config:AWS::EC2::VPC", "-", "Network-Interfaces"] {
        let error = RequiredSources::parse(text, &sources).unwrap_err();
        assert!(error.to_string().contains("is no source of dependents; give all, "), "{error}");
    }
}
