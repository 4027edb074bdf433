//! What uses a group, in words a person knows, and the sources that tell.

use std::collections::BTreeSet;

use defsg_core::dependent::{Dependent, RequiredSources, Source};
use defsg_core::interface::NetworkInterface;
use defsg_core::recorded;
use defsg_core::security_group::Direction;

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
        let dependent = Dependent::network_interface(&interface("interface", description));
        assert!(!dependent.name.is_empty(), "{description}");
        assert_eq!(dependent.source, "network-interfaces");
    }
}

#[test]
fn the_group_s_own_rule_is_no_dependent_and_another_group_s_is() {
    let group = "sg-0a1b2c3d4e5f60718".parse().unwrap();
    let other = "sg-0f1e2d3c4b5a69788".parse().unwrap();
    let rule = "sgr-0123456789abcdef0".parse().unwrap();
    assert_eq!(Dependent::rule(&group, &group, &rule, Direction::Inbound), None);
    let dependent = Dependent::rule(&group, &other, &rule, Direction::Outbound).unwrap();
    assert_eq!(dependent.to_string(), "outbound rule of sg-0f1e2d3c4b5a69788 (sgr-0123456789abcdef0)");
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
        assert_eq!(Dependent::recorded(of, "id", None, Source::Relationships), None, "{of}");
    }
    let named =
        Dependent::recorded("AWS::DAX::Cluster", "c-1", Some("cache"), Source::Relationships).unwrap();
    assert_eq!(named.to_string(), "AWS::DAX::Cluster cache (c-1)");
    let nameless = Dependent::recorded("AWS::DAX::Cluster", "c-1", Some(""), Source::Relationships).unwrap();
    assert_eq!(nameless.name, "AWS::DAX::Cluster c-1");
    assert!(recorded::TYPES.iter().all(|of| recorded::is_dependent(of.resource_type())));
}

#[test]
fn every_source_has_a_name_of_its_own_by_which_it_is_found() {
    let names: BTreeSet<_> = Source::all().map(Source::name).collect();
    assert_eq!(names.len(), Source::all().count());
    for source in Source::all() {
        assert_eq!(source.name().parse(), Ok(source));
    }
    let properties = recorded::TYPES.iter().flat_map(|of| of.properties);
    assert!(properties.clone().all(|path| path.starts_with("configuration.") && !path.contains('\'')));
    assert!(
        recorded::TYPES.iter().all(|of| of.resource_type().starts_with("AWS::") && !of.properties.is_empty())
    );
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
    let required = |text: &str| -> Vec<_> {
        let required = RequiredSources::parse(text).unwrap();
        Source::all().filter(|source| required.contains(*source)).map(Source::name).collect()
    };
    let all: Vec<_> = Source::all().map(Source::name).collect();
    assert_eq!(RequiredSources::parse("all").unwrap(), RequiredSources::default());
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
        let error = RequiredSources::parse(text).unwrap_err();
        assert!(error.to_string().contains("is no source of dependents; give all, "), "{error}");
    }
}
