//! EC2, Glue, VPC Lattice, and who may ask.

use defsg_e2e::fake::{Data, Fake, Group, Reference};
use defsg_e2e::signed;
use serde_json::{Value, json};
use ureq::http::Request;

use crate::client::{config, ec2, json, lattice, send};

const GROUP: &str = "sg-0123456789abcdef0";

#[test]
fn references_are_answered_for_the_group_that_is_asked_for() {
    let aws = Fake::start(Data::default());
    let reference = Reference { group: GROUP.to_owned(), vpc: "vpc-1".to_owned(), over: "pcx-1".to_owned() };
    aws.data(|data| data.references.push(reference));
    let ask =
        |group| ec2(&aws, &[("Action", "DescribeSecurityGroupReferences"), ("GroupId.1", group)]).unwrap();
    assert!(ask(GROUP).contains("<vpcPeeringConnectionId>pcx-1</vpcPeeringConnectionId>"));
    assert!(!ask("sg-00000001").contains("pcx-1"));
}

#[test]
fn groups_come_in_pages_and_by_their_filters() {
    let aws = Fake::start(Data { groups: Group::many(7), ..Data::default() });
    let describe = |more: &[(&str, &str)]| {
        let parameters = [("Action", "DescribeSecurityGroups"), ("MaxResults", "5")];
        ec2(&aws, &[&parameters, more].concat())
    };
    let first = describe(&[]).unwrap();
    assert_eq!(first.matches("<groupName>").count(), 5);
    let (_, token) = first.split_once("<nextToken>").unwrap();
    let (token, _) = token.split_once("</nextToken>").unwrap();
    let second = describe(&[("NextToken", token)]).unwrap();
    assert_eq!(second.matches("<groupName>").count(), 2);
    assert!(!second.contains("nextToken"));
    assert_eq!(describe(&[("NextToken", "made up")]), Err("InvalidPaginationToken".to_owned()));
    let one = describe(&[("Filter.1.Name", "group-id"), ("Filter.1.Value.1", "sg-00000006")]).unwrap();
    assert!(one.contains("<groupId>sg-00000006</groupId>") && !one.contains("sg-00000005"));
    assert_eq!(describe(&[("Filter.1.Name", "colour")]), Err("InvalidParameterValue".to_owned()));
}

#[test]
fn a_text_of_a_group_is_escaped() {
    let group = Group { tags: vec![("<&>", "a & b")], ..Group::closed(GROUP) };
    let aws = Fake::start(Data { groups: vec![group], ..Data::default() });
    let answer = ec2(&aws, &[("Action", "DescribeSecurityGroups")]).unwrap();
    assert!(answer.contains("<key>&lt;&amp;&gt;</key><value>a &amp; b</value>"), "{answer}");
}

#[test]
fn glue_hides_a_password_where_it_is_told_to_and_the_request_shows_it() {
    let connection = |name: &str| {
        json!({
            "Name": name, "ConnectionType": "JDBC",
            "ConnectionProperties": {"USERNAME": "admin", "PASSWORD": "secret"},
            "PhysicalConnectionRequirements": {"SubnetId": "subnet-0a", "SecurityGroupIdList": [GROUP]},
        })
    };
    let aws = Fake::start(Data::default());
    let get = |body: Value| json(&aws, "glue", "AWSGlue.GetConnections", &body);
    assert_eq!(get(json!({})).unwrap()["ConnectionList"], json!([]));
    aws.data(|data| data.connections = vec![connection("orders"), connection("stock"), connection("tax")]);

    let hidden = get(json!({"HidePassword": true, "MaxResults": 2})).unwrap();
    assert!(!hidden.to_string().contains("secret"), "{hidden}");
    assert_eq!(hidden["ConnectionList"].as_array().unwrap().len(), 2);
    let groups = &hidden["ConnectionList"][0]["PhysicalConnectionRequirements"]["SecurityGroupIdList"];
    assert_eq!(*groups, json!([GROUP]));
    let shown = get(json!({"NextToken": hidden["NextToken"]})).unwrap();
    assert_eq!(shown["ConnectionList"][0]["ConnectionProperties"]["PASSWORD"], "secret");
    assert_eq!(shown["NextToken"], Value::Null);
    assert_eq!(get(json!({"MaxResults": 0})), Err("InvalidInputException".to_owned()));

    let calls = aws.calls_of("GetConnections");
    let hide: Vec<_> = calls.iter().map(|call| call.parameters["HidePassword"] == true).collect();
    assert_eq!(hide, [false, true, false, false]);
}

#[test]
fn lattice_names_the_groups_of_an_association_only_where_it_is_asked_for_alone() {
    let association = |id: &str, network: &str, vpc: &str| {
        json!({
            "id": id, "arn": format!("arn:aws:vpc-lattice:eu-west-1:012345678912:servicenetworkvpcassociation/{id}"),
            "serviceNetworkId": network, "serviceNetworkName": "orders", "vpcId": vpc, "status": "ACTIVE",
            "securityGroupIds": [GROUP],
        })
    };
    let aws = Fake::start(Data::default());
    assert_eq!(lattice(&aws, "/servicenetworks").unwrap()["items"], json!([]));
    assert_eq!(
        lattice(&aws, "/servicenetworkvpcassociations?vpcIdentifier=vpc-1").unwrap()["items"],
        json!([])
    );
    aws.data(|data| {
        data.service_networks = vec![json!({"id": "sn-1", "name": "orders"})];
        data.network_associations = vec![
            association("snva-1", "sn-1", "vpc-1"),
            association("snva-2", "sn-1", "vpc-2"),
            association("snva-3", "sn-2", "vpc-1"),
        ];
    });
    let listed = |query: &str| {
        let answer = lattice(&aws, &format!("/servicenetworkvpcassociations?{query}"))?;
        let items = answer["items"].as_array().unwrap().clone();
        assert!(items.iter().all(|item| item["securityGroupIds"].is_null() && item["vpcId"].is_string()));
        Ok(items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>())
    };
    assert_eq!(lattice(&aws, "/servicenetworks").unwrap()["items"][0]["id"], "sn-1");
    assert_eq!(listed("serviceNetworkIdentifier=sn-1"), Ok(vec!["snva-1".to_owned(), "snva-2".to_owned()]));
    assert_eq!(listed("vpcIdentifier=vpc-1"), Ok(vec!["snva-1".to_owned(), "snva-3".to_owned()]));
    assert_eq!(listed("vpcIdentifier=vpc-1&maxResults=1"), Ok(vec!["snva-1".to_owned()]));
    assert!(listed("").is_err_and(|error: String| error.starts_with("400 ")));
    assert!(listed("vpcIdentifier=vpc-1&maxResults=0").is_err());

    let whole = lattice(&aws, "/servicenetworkvpcassociations/snva-2").unwrap();
    assert_eq!(whole["securityGroupIds"], json!([GROUP]));
    let arn = "arn:aws:vpc-lattice:eu-west-1:012345678912:servicenetworkvpcassociation%2Fsnva-2";
    assert_eq!(lattice(&aws, &format!("/servicenetworkvpcassociations/{arn}")).unwrap(), whole);
    let missing = lattice(&aws, "/servicenetworkvpcassociations/snva-9");
    assert!(missing.is_err_and(|error| error.starts_with("404 ")));
    let asked = aws.calls_of("GetServiceNetworkVpcAssociation");
    assert_eq!(asked[0].parameters["serviceNetworkVpcAssociationIdentifier"], "snva-2");
}

#[test]
fn what_is_signed_by_nobody_or_for_an_unknown_service_is_refused() {
    let aws = Fake::start(Data::default());
    let (status, answer) = send("iam", Request::post(aws.url()), String::new()).unwrap();
    assert_eq!(status, 501, "{answer}");
    assert!(config(&aws, "DescribeConfigurationRecorders", &json!({})).is_ok());
    assert_eq!(config(&aws, "DeleteConfigRule", &json!({})), Err("UnknownOperationException".to_owned()));
    let stranger = ureq::post(aws.url())
        .header("Authorization", signed::by("ASIASTRANGER", "config"))
        .header("X-Amz-Target", "StarlingDoveService.DescribeConfigurationRecorders")
        .send("{}");
    assert!(matches!(stranger, Err(ureq::Error::StatusCode(400))), "{stranger:?}");
}
